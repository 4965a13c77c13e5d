import type { Clock, HttpScope } from 'beaconry';
import { type Static, Type } from 'typebox';
import { readBlob } from '../call-error.js';
import { base64 } from '../json-value.js';
import type { HostedGameServer } from './hosted-game-server.js';
import { pollSignals } from './poll-signals.js';
import type { ServerOf } from './server-of.js';

const Packet = Type.Object({
  data: Type.String({ maxLength: 90_000, description: 'base64 or hex' }),
  ip: Type.String({ maxLength: 45 }),
  port: Type.Integer({ minimum: 0, maximum: 65535 }),
});
const outgoing = Type.Array(Packet);
/** Packets one answer carries at most; the rest waits for the next call. */
const MAX_PACKETS = 1024;

/** GameSocketShare over HTTP, and the poll form of the signals. */
export function packetRoutes(scope: HttpScope, of: ServerOf, clock: Clock): void {
  const self = '/v1/gameservers/self';
  scope.post(
    `${self}/packets`,
    {
      schema: {
        summary: 'Hands in packets of the shared socket, and takes out what is to be sent',
        body: Type.Object({ packets: Type.Array(Packet, { maxItems: 256 }) }),
        response: { 200: Type.Object({ handled: Type.Array(Type.Boolean()), outgoing }) },
      },
    },
    (request) => {
      const hosted = of(request);
      const handled = request.body.packets.map(({ data, ip, port }) =>
        hosted.handIn(readBlob(data), ip, port),
      );
      return { handled, outgoing: takeOut(hosted) };
    },
  );
  scope.get(
    `${self}/packets`,
    {
      schema: {
        summary: 'Takes out what is to be sent from the shared socket',
        response: { 200: Type.Object({ outgoing }) },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { outgoing: takeOut(of(request)) };
    },
  );
  scope.get(
    `${self}/signals`,
    {
      schema: {
        summary: 'Signals behind a number; waits for one when there is none',
        querystring: Type.Object({
          after: Type.Integer({ minimum: 0, default: 0 }),
          wait: Type.Number({ minimum: 0, maximum: 60, default: 0, description: 'seconds' }),
        }),
        response: {
          200: Type.Object({
            items: Type.Array(
              Type.Object({
                seq: Type.Integer(),
                signal: Type.String(),
                data: Type.Record(Type.String(), Type.Unknown()),
              }),
            ),
            next: Type.Integer({ description: 'the next `after`' }),
            lost: Type.Integer({ description: 'signals that nobody read for too long' }),
          }),
        },
      },
    },
    async (request) => {
      const hosted = of(request);
      const { after, wait } = request.query;
      return pollSignals(hosted, after, wait * 1000, clock);
    },
  );
}

function takeOut(hosted: HostedGameServer): Static<typeof Packet>[] {
  const taken: Static<typeof Packet>[] = [];
  while (taken.length < MAX_PACKETS) {
    const packet = hosted.nextPacket();
    if (packet === undefined) break;
    taken.push({ data: base64(packet.bytes), ip: ipText(packet.ip), port: packet.port });
  }
  return taken;
}

const ipText = (ip: number): string =>
  [24, 16, 8, 0].map((shift) => (ip >>> shift) & 255).join('.');
