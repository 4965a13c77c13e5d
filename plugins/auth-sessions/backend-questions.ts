import type { Clock } from 'beaconry';
import type { SessionUpload, SteamLink, Verdict } from 'beaconry/plugins/steam-backend';
import type { OpenSession } from './open-session.js';

const RETRY = 5_000;

/** What a verifier asks its backend: never answered by guessing, asked again until the link is another one. */
export class BackendQuestions {
  #link: SteamLink | undefined;

  constructor(
    private readonly appId: number,
    private readonly clock: Pick<Clock, 'after'>,
    private readonly answered: (verdict: Verdict) => void,
    /** Whether the session is still open and without a verdict. */
    private readonly waits: (session: OpenSession) => boolean,
  ) {}

  get reachable(): boolean {
    return this.#link !== undefined;
  }

  attach(link: SteamLink): void {
    this.#link = link;
  }

  detach(): void {
    this.#link = undefined;
  }

  /** Without a link it is asked with the next upload. */
  ask(session: OpenSession): void {
    const link = this.#link;
    if (link === undefined) return;
    link.beginSession(this.#toUpload(session)).then(
      (verdict) => this.answered(verdict),
      () => {
        // Sent again by the next attach; when the link stands, the backend had an outage of its own.
        this.clock.after(RETRY, () => {
          if (this.#link === link && this.waits(session)) this.ask(session);
        });
      },
    );
  }

  /** Every open session at once; only verdicts that changed come back. */
  upload(sessions: () => readonly OpenSession[]): void {
    const link = this.#link;
    if (link === undefined) return;
    link.uploadSessions(sessions().map((session) => this.#toUpload(session))).then(
      (verdicts) => {
        for (const verdict of verdicts) this.answered(verdict);
      },
      () => {
        this.clock.after(RETRY, () => {
          if (this.#link === link) this.upload(sessions);
        });
      },
    );
  }

  /** When it does not arrive, the next upload tells the same. */
  end(session: OpenSession): void {
    this.#link?.endSession(session.steamId, session.session).catch(() => undefined);
  }

  #toUpload(session: OpenSession): SessionUpload {
    const { steamId, authPart, token, response, session: name } = session;
    return { steamId, session: name, appId: this.appId, authPart, token, response };
  }
}
