import type { Clock } from 'beaconry';
import type {
  Compatibility,
  GroupStatus,
  Reputation,
  ServerLink,
} from 'beaconry/plugins/steam-backend';
import { EResult, SteamID } from 'beaconry/steam';

/** Where the answers to social questions go, one after the other. */
export interface SocialAnswers {
  groupStatus(answer: GroupStatus & { readonly steamId: bigint; readonly group: bigint }): void;
  clan(answer: { readonly result: EResult }): void;
  compatibility(answer: Compatibility & { readonly steamId: bigint }): void;
}

const nobody: GroupStatus = { member: false, officer: false };
const noCompatibility: Omit<Compatibility, 'result'> = {
  playersDontLikeCandidate: 0,
  playersCandidateDoesntLike: 0,
  clanPlayersDontLikeCandidate: 0,
  isClanMember: false,
};

/** Groups, clan and compatibility of one game server (2.4): every question gets exactly one answer. */
export class SocialRequests {
  #link: ServerLink | undefined;
  readonly #inFlight = new Map<string, Promise<GroupStatus>>();

  constructor(
    private readonly clock: Clock,
    private readonly answerTimeout: number,
    private readonly answers: SocialAnswers,
  ) {}

  attach(link: ServerLink): void {
    this.#link = link;
  }

  detach(): void {
    this.#link = undefined;
  }

  /** False when not connected; identical questions in flight share one question to the backend. */
  requestGroupStatus(steamId: bigint, group: bigint): boolean {
    const link = this.#link;
    if (link === undefined) return false;
    const universe = new SteamID(link.steamId).universe;
    const clan = SteamID.parseGroup(group, universe)?.value;
    const key = `${steamId}/${clan}`;
    let asked = this.#inFlight.get(key);
    if (asked === undefined) {
      const question =
        clan === undefined ? Promise.resolve(nobody) : link.groupStatus(steamId, clan);
      asked = this.#within(question, nobody).finally(() => this.#inFlight.delete(key));
      this.#inFlight.set(key, asked);
    }
    void asked.then((status) =>
      this.answers.groupStatus({ steamId, group: clan ?? group, ...status }),
    );
    return true;
  }

  associateWithClan(clan: bigint): void {
    const link = this.#link;
    const asked =
      link === undefined ? Promise.resolve(EResult.NotLoggedOn) : link.associateClan(clan);
    void this.#within(asked, EResult.Timeout).then((result) => this.answers.clan({ result }));
  }

  computeCompatibility(steamId: bigint): void {
    const link = this.#link;
    const refused = (result: EResult) => ({ result, ...noCompatibility });
    const asked =
      link === undefined
        ? Promise.resolve(refused(EResult.NotLoggedOn))
        : link.compatibility(steamId);
    void this.#within(asked, refused(EResult.Timeout)).then((answer) =>
      this.answers.compatibility({ steamId, ...answer }),
    );
  }

  async reputation(): Promise<Reputation> {
    const off = { result: EResult.NotLoggedOn, score: 0, banned: false };
    return this.#link === undefined ? off : this.#within(this.#link.reputation(), off);
  }

  /** What the backend does not answer in time, or not at all, is answered here. */
  #within<T>(question: Promise<T>, otherwise: T): Promise<T> {
    return new Promise((resolve) => {
      const cancel = this.clock.after(this.answerTimeout, () => resolve(otherwise));
      question.then(resolve, () => resolve(otherwise)).finally(cancel);
    });
  }
}
