import type { Bus } from 'beaconry';
import { decodeEvent, encodeEvent, type LinkEvent } from './link-event.js';

export interface NodeWordsListener {
  /** Something for whoever is logged on with that id; with a connection, only for who holds it. */
  link(to: bigint, said: LinkEvent, connection: string | undefined): void;
  /** The anti-cheat of a player gave a sign of life. */
  alive(steamId: bigint): void;
  licences(steamId: bigint): void;
  /** Words were missed and are over. */
  missed(): void;
}

/** What the nodes of one backend tell each other. Nothing of it is kept: see `MissedWords` for who did not hear it. */
export class NodeWords {
  readonly #endings: readonly (() => void)[];

  constructor(
    private readonly bus: Bus,
    listener: NodeWordsListener,
  ) {
    this.#endings = [
      bus.subscribe('link', (message) => {
        const { to, said, connection } = message as {
          readonly to: string;
          readonly said: { readonly [key: string]: string };
          readonly connection?: string;
        };
        const event = decodeEvent(said);
        if (event !== undefined) listener.link(BigInt(to), event, connection);
      }),
      bus.subscribe('alive', (steamId) => listener.alive(BigInt(steamId as string))),
      bus.subscribe('licences', (steamId) => listener.licences(BigInt(steamId as string))),
      bus.onGap(() => listener.missed()),
    ];
  }

  /** Other nodes may be doing the same work at this moment. */
  get shared(): boolean {
    return this.bus.shared;
  }

  link(to: bigint, said: LinkEvent, connection: string | undefined): void {
    this.bus.publish('link', {
      to: to.toString(),
      said: encodeEvent(said),
      ...(connection === undefined ? {} : { connection }),
    });
  }
  alive(steamId: bigint): void {
    this.bus.publish('alive', steamId.toString());
  }
  licences(steamId: bigint): void {
    this.bus.publish('licences', steamId.toString());
  }

  close(): void {
    for (const end of this.#endings) end();
  }
}
