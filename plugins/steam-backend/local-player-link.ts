import type { LocalBackend } from './local-backend.js';
import { LocalLink, type OpenedConnection } from './local-link.js';
import type { LinkEvents, PlayerLink } from './public.js';
import type { Verifier } from './ticket-validation.js';

/** The logon of a player of this backend. */
export class LocalPlayerLink extends LocalLink implements PlayerLink {
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
    this.backend.antiCheat.alive(this.steamId);
  }

  protected get verifier(): Verifier {
    const { steamId, id, publicAddress: address } = this;
    return { steamId, id, address, secure: false, appId: undefined };
  }
  protected get mayIssue(): boolean {
    return true;
  }
}
