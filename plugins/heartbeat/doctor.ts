import { type DoctorChecks, messageOf, PeerAddress } from 'beaconry';
import { encodeEchoRequest, isEchoAnswer } from '../../server-browser/master/echo-codec.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../server-browser/master/heartbeat-codec.js';
import { nameOf, systemResolver } from './master-resolver.js';

interface HeartbeatConfig {
  readonly endpoint: readonly string[];
  readonly masters: readonly { readonly host: string; readonly port: number }[];
}

/**
 * Whether each master answers, asked from the port of the game where that is free: that is where it will ask.
 * A master that is not ours does not know the question and is asked for a challenge.
 */
const checkMasters: DoctorChecks<HeartbeatConfig> = async function* ({ config, endpoints, ask }) {
  const check = 'reachability';
  const from = endpoints.get(config.endpoint[0] ?? '')?.binds[0];
  for (const master of config.masters) {
    const name = nameOf(master);
    let hosts: readonly string[];
    try {
      hosts = await systemResolver.resolve(master.host);
    } catch (error) {
      const text = `master ${name} has no address: ${messageOf(error)}`;
      yield { check, well: false, text, remedy: 'mend the name under masters, or the resolver' };
      continue;
    }
    const to = PeerAddress.of(hosts[0] ?? master.host, master.port);
    const question = { to, ...(from !== undefined && { from }) };
    const bytes = encodeEchoRequest();
    let port = await ask({ ...question, bytes, isAnswer: isEchoAnswer });
    let said = 'asked back';
    if (port === undefined) {
      const bytes = encodeGameServerMessage({ kind: 'challenge-request', echo: null });
      port = await ask({ ...question, bytes, isAnswer: isChallenge });
      said = 'gave a challenge';
    }
    yield port === undefined
      ? {
          check,
          well: false,
          text: `master ${name} (${to}) does not answer`,
          remedy: 'see that it runs, and that firewall and NAT pass UDP from the port of the game',
        }
      : { check, well: true, text: `master ${name} ${said}, at port ${port} of this machine` };
  }
};
export default checkMasters;

function isChallenge(bytes: Uint8Array): boolean {
  try {
    return decodeMasterMessage(bytes).kind === 'challenge';
  } catch {
    return false;
  }
}
