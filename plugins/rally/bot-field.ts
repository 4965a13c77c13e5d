import type { UdpEndpoint } from 'beaconry';
import { UdpSocket } from 'beaconry/a2s-query';
import type { RallyDefinition } from './definition.js';
import { DriverBot, syntheticPace } from './driver-bot.js';
import { layOut } from './itinerary.js';
import { RallyClient } from './rally-client.js';

/** Bots that drive through real sockets, as any driver does; one socket each. */
export class BotField {
  #bots: readonly { readonly bot: DriverBot; readonly socket: UdpSocket }[] = [];

  constructor(
    private readonly count: number,
    private readonly who: { readonly password: string; readonly ticket: Uint8Array },
    private readonly endpoint: Pick<UdpEndpoint, 'addresses'>,
    private readonly now: () => number,
  ) {}

  /** From now on they drive this rally. */
  change(definition: RallyDefinition): void {
    void this.close();
    const bound = this.endpoint.addresses[0];
    if (bound === undefined) return;
    const host = bound.host === '0.0.0.0' ? '127.0.0.1' : bound.host === '::' ? '::1' : bound.host;
    const itinerary = layOut(definition);
    this.#bots = definition.entries.slice(0, this.count).map((entry) => {
      const socket = new UdpSocket();
      const client = new RallyClient({
        number: entry.number,
        steamId: entry.driverId,
        carsHash: definition.carsHash,
        roadbookHashes: [...definition.roadbooks.values()].map((roadbook) => roadbook.hash),
        gameVersion: definition.rally.gameVersion,
        ...this.who,
        // A lost datagram is weather: what matters is sent again.
        send: (bytes) => socket.send(bytes, { host, port: bound.port }, () => {}),
        now: this.now,
      });
      socket.listen((bytes, from) => {
        if (from.port === bound.port && from.host === host) client.receive(bytes);
      });
      const pace = syntheticPace(entry.number);
      return { bot: new DriverBot(client, definition, itinerary, pace), socket };
    });
  }

  drive(): void {
    for (const { bot } of this.#bots) bot.drive();
  }

  async close(): Promise<void> {
    const closing = this.#bots;
    this.#bots = [];
    await Promise.all(closing.map(({ socket }) => socket.close()));
  }
}
