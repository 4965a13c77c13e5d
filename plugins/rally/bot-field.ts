import type { UdpEndpoint } from 'beaconry';
import { UdpSocket } from 'beaconry/a2s-query';
import type { RallyDefinition } from './definition.js';
import { DriverBot, syntheticPace } from './driver-bot.js';
import type { Itinerary } from './itinerary.js';
import { RallyClient } from './rally-client.js';

/** Bots that drive through real sockets, as any driver does; one socket each. */
export class BotField {
  readonly #bots: { readonly bot: DriverBot; readonly socket: UdpSocket }[] = [];

  constructor(
    definition: RallyDefinition,
    itinerary: Itinerary,
    count: number,
    who: { readonly password: string; readonly ticket: Uint8Array },
    endpoint: UdpEndpoint,
    now: () => number,
  ) {
    const bound = endpoint.addresses[0];
    if (bound === undefined) return;
    const host = bound.host === '0.0.0.0' ? '127.0.0.1' : bound.host === '::' ? '::1' : bound.host;
    for (const entry of definition.entries.slice(0, count)) {
      const socket = new UdpSocket();
      const client = new RallyClient({
        number: entry.number,
        steamId: entry.driverId,
        carsHash: definition.carsHash,
        roadbookHashes: [...definition.roadbooks.values()].map((roadbook) => roadbook.hash),
        gameVersion: definition.rally.gameVersion,
        ...who,
        // A lost datagram is weather: what matters is sent again.
        send: (bytes) => socket.send(bytes, { host, port: bound.port }, () => {}),
        now,
      });
      socket.listen((bytes) => client.receive(bytes));
      const pace = syntheticPace(entry.number);
      this.#bots.push({ bot: new DriverBot(client, definition, itinerary, pace), socket });
    }
  }

  drive(): void {
    for (const { bot } of this.#bots) bot.drive();
  }

  async close(): Promise<void> {
    await Promise.all(this.#bots.splice(0).map(({ socket }) => socket.close()));
  }
}
