import type { LocalBackend } from './local-backend.js';
import { LocalLink, type OpenedConnection } from './local-link.js';
import type { LinkEvents, PlayerLink } from './public.js';
import type { Verifier } from './ticket-validation.js';

/** More often nobody needs to know that a player's anti-cheat is alive; all nodes hear it. */
const ALIVE_INTERVAL = 2000;

/** The logon of a player of this backend. */
export class LocalPlayerLink extends LocalLink implements PlayerLink {
  #aliveAt = Number.NEGATIVE_INFINITY;

  constructor(
    backend: LocalBackend,
    opened: OpenedConnection,
    address: string,
    events: LinkEvents,
    readonly verified: boolean,
  ) {
    super(backend, opened, address, events);
  }

  async setPlaying(appId: number): Promise<void> {
    this.open();
    await this.backend.licenceEffects.playing(this, appId);
  }

  async antiCheatAlive(): Promise<void> {
    this.open();
    const now = this.backend.clock.monotonic();
    if (now - this.#aliveAt < ALIVE_INTERVAL) return;
    this.#aliveAt = now;
    this.backend.antiCheatAlive(this.steamId);
  }

  protected get verifier(): Verifier {
    const { steamId, id, publicAddress: address } = this;
    return { steamId, id, address, secure: false, appId: undefined };
  }
  protected get mayIssue(): boolean {
    return true;
  }
}
