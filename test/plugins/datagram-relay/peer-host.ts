import { readFile } from 'node:fs/promises';
import { SystemClock } from 'beaconry';
import { decodeCertificateText } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { openUdpSocket } from '../../../plugins/datagram-relay/agent/agent-socket.js';
import type { Connection } from '../../../plugins/datagram-relay/agent/connection.js';
import { PeerAgent } from '../../../plugins/datagram-relay/agent/peer-agent.js';
import { SignalingClient } from '../../../plugins/datagram-relay/agent/signaling-client.js';
import { openNetworkConfig } from '../../../plugins/datagram-relay/network-source.js';

/**
 * A player on a host of its own: `IDENTITY KEY CERT CONFIG ROOT SIGNALING_HOST:PORT [PEER]`. Prints its state and
 * the way of its packets twice a second; with a peer it connects and sends ten datagrams a second, which the
 * other side answers.
 */
const [identity = '', keyFile = '', certFile = '', config = '', root = '', service = '', peer] =
  process.argv.slice(2);
const clock = new SystemClock();
const key = SigningKey.fromText(await readFile(keyFile, 'utf8'), keyFile);
const certificate = decodeCertificateText(await readFile(certFile, 'utf8'));
const network = await openNetworkConfig({ clock, rootKeys: [root], appId: 240, file: config });
const [host = '', port = '0'] = service.split(':');
const signaling = new SignalingClient({
  clock,
  host,
  port: Number(port),
  identity,
  onSignal: (from, payload) => agent.signaled(from, payload),
});
let answered = 0;
const watch = (connection: Connection) =>
  clock.every(500, () => {
    const way = agent.wayOf(connection).join(' > ');
    process.stdout.write(`state ${connection.state} way ${way} answered ${answered}\n`);
  });
const agent: PeerAgent = new PeerAgent({
  clock,
  openSocket: openUdpSocket,
  identity,
  appId: 240,
  network: () =>
    network.config === undefined
      ? undefined
      : { config: network.config, certificates: network.certificates },
  credentials: async () => ({ key, certificate }),
  signal: (to, payload) => signaling.signal(to, payload),
  accept: (connection) => {
    connection.listener = { onDatagram: (to, bytes) => connection.send(to, bytes) };
    watch(connection);
    return true;
  },
});
signaling.start();
await agent.start();
process.stdout.write('peer ready\n');
if (peer !== undefined) {
  await new Promise<void>((resolve) => clock.after(2000, resolve));
  const connection = await agent.connect(peer);
  connection.listener = {
    onDatagram: () => {
      answered++;
    },
  };
  watch(connection);
  clock.every(100, () => connection.send(0, Buffer.from('hello')));
}
