/**
 * One peer of a rendezvous, run as a process of its own: node peer-process.js PORT OWN OTHER SEED. It loses 30 %
 * and doubles 30 % of what it receives, resends until acknowledged, and prints what happened as JSON.
 */
import { connect } from 'node:net';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { RendezvousSchema } from '../../../plugins/coordinator/sdr/sdr_pb.js';

const [port, own = '', other = '', seed] = process.argv.slice(2);
const CANDIDATES = 2;
const RETRY_MS = 100;

let random = Number(seed);
const chance = () => {
  random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
  return random / 2 ** 32;
};

const asks = own < other;
const connectionId = asks ? 0x11111111 : 0x22222222;
let peerConnectionId = 0;
let accepted = false;
/** Candidates of the other side that came in order, and those of ours it has seen. */
let received = 0;
let acknowledged = 0;
let sent = 0;
let arrived = 0;
const senders = new Set<string>();

let timer: NodeJS.Timeout | undefined;
// Not before the greeting: the first line says who this is.
const socket = connect(Number(port), '127.0.0.1', () => {
  socket.write(`${own}\n`);
  send();
  timer = setInterval(send, RETRY_MS);
});
const send = () => {
  // Acknowledged in both directions: one more signal tells the other side, then nothing is left to say.
  const signal = create(RendezvousSchema, {
    toConnectionId: peerConnectionId,
    fromIdentity: own,
    fromConnectionId: connectionId,
    toIdentity: other,
    ackReliableMsg: received,
    firstReliableMsg: acknowledged + 1,
    ...(asks && !accepted ? { connectRequest: { toVirtualPort: 7 } } : {}),
    ...(!asks && peerConnectionId !== 0 ? { connectOk: {} } : {}),
    reliableMessages:
      peerConnectionId === 0 && !asks
        ? []
        : Array.from({ length: CANDIDATES - acknowledged }, (_, i) => ({
            ice: Buffer.from(`candidate ${acknowledged + 1 + i} of ${own}`),
          })),
  });
  if (!asks && peerConnectionId === 0) return;
  sent++;
  socket.write(`${other} ${Buffer.from(toBinary(RendezvousSchema, signal)).toString('hex')}\n`);
};

const take = (line: string) => {
  arrived++;
  const [sender = '', payload = ''] = line.split(' ');
  senders.add(sender);
  const signal = fromBinary(RendezvousSchema, Buffer.from(payload, 'hex'));
  peerConnectionId = signal.fromConnectionId;
  if (signal.connectOk !== undefined) accepted = true;
  acknowledged = Math.max(acknowledged, signal.ackReliableMsg);
  signal.reliableMessages.forEach((_message, i) => {
    if (signal.firstReliableMsg + i === received + 1) received++;
  });
  if (received === CANDIDATES && acknowledged === CANDIDATES && (accepted || !asks)) finish();
};

let finished = false;
const finish = () => {
  if (finished) return;
  finished = true;
  process.stdout.write(`${JSON.stringify({ sent, arrived, received, senders: [...senders] })}\n`);
};
let rest = '';
socket.on('data', (chunk) => {
  const lines = (rest + chunk.toString()).split('\n');
  rest = lines.pop() ?? '';
  for (const line of lines) {
    if (chance() < 0.3) continue;
    take(line);
    if (chance() < 0.3) take(line);
  }
});
const end = () => {
  clearInterval(timer);
  socket.destroy();
};
socket.on('close', end);
process.stdin.on('end', end).resume();
