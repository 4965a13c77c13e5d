import { EAuthSessionResponse } from 'beaconry/steam';
import type { BackgroundWork } from './background-work.js';
import type { LocalBackend } from './local-backend.js';
import type { SteamBan } from './public.js';

/** What a ban means for sessions that are open when it comes. */
export class BanEffects {
  constructor(
    private readonly backend: LocalBackend,
    private readonly work: BackgroundWork,
  ) {}

  /** The returned function ends it. */
  start(): () => void {
    return this.backend.bans.onBan((ban) => {
      this.work.run(this.#banned(ban));
      this.backend.again(() => this.#banned(ban));
    });
  }

  async #banned({ steamId, appId, kind }: SteamBan): Promise<void> {
    const { VACBanned, PublisherIssuedBan } = EAuthSessionResponse;
    await this.backend.sessions.fail(
      steamId,
      kind === 'vac' ? VACBanned : PublisherIssuedBan,
      (session) => session.secure && (appId === 0 || session.appId === appId),
    );
  }
}
