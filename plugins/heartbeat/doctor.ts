import { type DoctorChecks, type Finding, messageOf, PeerAddress } from 'beaconry';
import { type ListingStepId, listingSteps, plainText } from 'beaconry/plugins/master';
import { encodeEchoRequest, isEchoAnswer } from '../../server-browser/master/echo-codec.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../server-browser/master/heartbeat-codec.js';
import { nameOf, systemResolver } from './master-resolver.js';

interface HeartbeatConfig {
  readonly endpoint: readonly string[];
  readonly masters: readonly { readonly host: string; readonly port: number }[];
  /** Milliseconds. */
  readonly interval: number;
}

/** Milliseconds. More often is of no use; masters forget a server after 300 s. */
const [leastInterval, mostInterval] = [30_000, 290_000];

/**
 * The questions of docs/my-server-is-not-in-the-list.md that can be answered beside a game server, asked from its port
 * where that is free: that is where it will ask. A master that is not ours does not know our question and is asked for a
 * challenge alone.
 */
const checkListing: DoctorChecks<HeartbeatConfig> = async function* ({ config, endpoints, ask }) {
  const from = endpoints.get(config.endpoint[0] ?? '')?.binds[0];
  if (config.masters.length === 0) yield no('masters', 'plugins.heartbeat.masters names none');
  for (const master of config.masters) {
    const name = nameOf(master);
    let hosts: readonly string[];
    try {
      hosts = await systemResolver.resolve(master.host);
    } catch (error) {
      yield {
        ...no('masters', `master ${name} has no address: ${messageOf(error)}`),
        remedy: 'mend the name under masters, or the resolver',
      };
      continue;
    }
    const to = PeerAddress.of(hosts[0] ?? master.host, master.port);
    yield yes(
      'masters',
      `${name} is in the configuration${to.host === master.host ? '' : ` (${to})`}`,
    );
    const question = { to, ...(from !== undefined && { from }) };
    const echo = await ask({ ...question, bytes: encodeEchoRequest(), isAnswer: isEchoAnswer });
    const bytes = encodeGameServerMessage({ kind: 'challenge-request', echo: null });
    const challenge = await ask({ ...question, bytes, isAnswer: isChallenge });
    const port = echo ?? challenge;
    if (port === undefined) {
      yield no('reachability', `master ${name} (${to}) does not answer`);
      continue;
    }
    const said = echo === undefined ? 'gave a challenge' : 'asked back';
    yield yes('reachability', `master ${name} ${said}, at port ${port} of this machine`);
    yield challenge === undefined
      ? no('challenge', `master ${name} gave no challenge`)
      : yes('challenge', `master ${name} gave a challenge, at port ${challenge} of this machine`);
  }
  const interval = `a heartbeat every ${config.interval / 1000} s`;
  if (config.interval > mostInterval) yield no('heartbeats', `${interval}: masters forget it`);
  else if (config.interval < leastInterval) yield no('rate', interval);
  else yield yes('rate', interval);
};
export default checkListing;

const yes = (check: ListingStepId, text: string): Finding => ({ check, well: true, text });
const no = (check: ListingStepId, text: string): Finding => ({
  check,
  well: false,
  text,
  remedy: plainText(listingSteps[check].ifNot),
});

function isChallenge(bytes: Uint8Array): boolean {
  try {
    return decodeMasterMessage(bytes).kind === 'challenge';
  } catch {
    return false;
  }
}
