import { createSocket, type Socket } from 'node:dgram';
import { decodeRequest, encodeChallenge } from '../../server-browser/a2s-query/index.js';
import {
  decodeMasterMessage,
  encodeGameServerMessage,
} from '../../server-browser/master/heartbeat-codec.js';
import { type PlannedServer, plan } from './fleet-plan.js';

/**
 * Many game servers in one process, each with a socket of its own on an address of loopback: they join the
 * master and answer queries. Told what to do by its parent.
 */
export type FleetOrder =
  | {
      readonly order: 'join';
      readonly from: number;
      readonly count: number;
      readonly master: number;
    }
  | { readonly order: 'leave'; readonly number: number; readonly master: number }
  | { readonly order: 'change'; readonly share: number };

const CHALLENGE = 0x0a0b0c0d;
const challengeAnswer = encodeChallenge(CHALLENGE);
const fleet = new Map<number, { socket: Socket; planned: PlannedServer; info: Uint8Array }>();
/** INFO answers sent. */
let answers = 0;

async function join(number: number, master: number): Promise<void> {
  const planned = plan(number);
  const socket = createSocket('udp4');
  const entry = { socket, planned, info: planned.info };
  fleet.set(number, entry);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: planned.host, port: planned.port, exclusive: true }, resolve);
  });
  socket.on('message', (bytes, from) => {
    if (from.port === master) {
      const answer = decodeMasterMessage(bytes);
      if (answer.kind !== 'challenge') return;
      const values = new Map([...planned.values, ['challenge', String(answer.challenge)]]);
      socket.send(encodeGameServerMessage({ kind: 'join', values }), master, '127.0.0.1');
      process.send?.({ joined: number });
      return;
    }
    const request = decodeRequest(bytes);
    if (!('challenge' in request)) return;
    const answer =
      request.challenge !== CHALLENGE
        ? challengeAnswer
        : request.kind === 'info'
          ? entry.info
          : request.kind === 'players'
            ? planned.playerList
            : planned.rules;
    if (answer === entry.info) answers++;
    setTimeout(() => {
      if (fleet.get(number) === entry) socket.send(answer, from.port, from.address);
    }, planned.delay);
  });
  socket.send(Buffer.from('q'), master, '127.0.0.1');
}

async function obey(order: FleetOrder): Promise<void> {
  if (order.order === 'join') {
    for (let i = 0; i < order.count; i++) {
      await join(order.from + i, order.master);
      // The master's socket has a queue of its own size.
      if (i % 64 === 63) await new Promise((resolve) => setTimeout(resolve, 4));
    }
  } else if (order.order === 'leave') {
    const entry = fleet.get(order.number);
    if (entry === undefined) return;
    fleet.delete(order.number);
    entry.socket.send(Buffer.from('b\n'), order.master, '127.0.0.1', () => entry.socket.close());
  } else {
    // Another number of players on some servers, as if time went on.
    for (const entry of fleet.values()) {
      if ((entry.planned.number * 7919) % 100 >= order.share * 100) continue;
      const bytes = entry.info.slice();
      const at = playersAt(bytes);
      bytes[at] = ((bytes[at] ?? 0) + 1) % Math.max(1, bytes[at + 1] ?? 1);
      entry.info = bytes;
    }
  }
}

/** Behind four texts and the game's number. */
function playersAt(info: Uint8Array): number {
  let at = 6;
  for (let texts = 0; texts < 4; texts++) at = info.indexOf(0, at) + 1;
  return at + 2;
}

process.on('message', (order: FleetOrder | { readonly ask: 'answers' }) => {
  if ('ask' in order) process.send?.({ answers });
  else
    obey(order).then(
      () => process.send?.({ done: order.order }),
      (error: unknown) => process.send?.({ failed: String(error) }),
    );
});
process.on('disconnect', () => process.exit());
