import type { Clock } from 'beaconry';
import { EAuthSessionResponse, SteamID } from 'beaconry/steam';
import type { BackendTables, SessionRecord } from './backend-tables.js';
import { KeyedLock } from './keyed-lock.js';
import { type Licences, toldOf } from './licences.js';
import type { LinkEvent } from './link-event.js';
import type { SessionUpload, Verdict } from './public.js';
import type { Reputations } from './reputations.js';
import { refusal, type TicketValidation, type Verifier } from './ticket-validation.js';

/** Side by side, so that they share the writes of the store. */
const UPLOADS_AT_ONCE = 256;
const Response = EAuthSessionResponse;

/**
 * Sessions and their later verdicts (6.3). Work on one user runs in order, so that a ban that lands during a
 * validation is seen by one of the two.
 */
export class SessionRegistry {
  readonly #lock = new KeyedLock();

  constructor(
    private readonly tables: BackendTables,
    private readonly licences: Licences,
    private readonly validation: TicketValidation,
    private readonly reputations: Reputations,
    private readonly clock: Pick<Clock, 'now'>,
    private readonly say: (to: bigint, said: LinkEvent) => void,
  ) {}

  /** Validates a ticket. The same session again gets the verdict it has, so sending twice is harmless. */
  begin(verifier: Verifier, upload: SessionUpload): Promise<Verdict> {
    const user = upload.steamId.toString();
    return this.#lock.run(user, async () => {
      const key = `${verifier.id}/${user}`;
      const claim = await this.validation.claim(
        verifier,
        upload,
        user,
        `${verifier.id}/${upload.session}`,
      );
      // A ticket that was used up this moment cannot have a session yet.
      const known = claim.isNew ? undefined : await this.tables.sessions.get(key);
      if (known?.session === upload.session) return this.#current(upload.steamId, known);
      const { connection } = claim;
      if (connection === undefined) return refusal(upload, claim.response);
      const verdict = await this.validation.judge(verifier, upload);
      if (verdict.response !== Response.OK) return verdict;
      // The ticket was used up durably before: whatever happens now, nobody else gets in with it.
      await Promise.all([
        this.tables.sessions.set(key, {
          session: upload.session,
          token: upload.token.toString(),
          connection,
          appId: upload.appId,
          secure: verifier.secure,
          response: Response.OK,
          owner: verdict.ownerId === upload.steamId ? user : verdict.ownerId.toString(),
          begun: this.clock.now(),
          failedAt: null,
        }),
        this.#setPlaying(user, verifier.id, true),
      ]);
      return verdict;
    });
  }

  /** All open sessions of a verifier after a reconnect: answers what changed, forgets what it ended. */
  async upload(verifier: Verifier, uploads: readonly SessionUpload[]): Promise<readonly Verdict[]> {
    const open = new Set(uploads.map((upload) => `${verifier.id}/${upload.steamId}`));
    for (const [key] of await this.tables.sessions.all(`${verifier.id}/`)) {
      if (open.has(key)) continue;
      const user = userOf(key);
      await this.#lock.run(user.toString(), () => this.#remove(verifier.steamId, user));
    }
    const changed: Verdict[] = [];
    for (let from = 0; from < uploads.length; from += UPLOADS_AT_ONCE) {
      const part = uploads.slice(from, from + UPLOADS_AT_ONCE);
      const verdicts = await Promise.all(part.map((upload) => this.#again(verifier, upload)));
      changed.push(...verdicts.filter((verdict, i) => verdict.response !== part[i]?.response));
    }
    return changed;
  }

  /** Most sessions of an upload are known; the others were begun while the backend was out of reach. */
  async #again(verifier: Verifier, upload: SessionUpload): Promise<Verdict> {
    const user = upload.steamId.toString();
    const known = await this.#lock.run(user, async () => {
      const stored = await this.tables.sessions.get(`${verifier.id}/${user}`);
      return stored?.session === upload.session ? this.#current(upload.steamId, stored) : undefined;
    });
    return known ?? this.begin(verifier, upload);
  }

  end(verifier: bigint, steamId: bigint, session: string): Promise<void> {
    return this.#lock.run(steamId.toString(), async () => {
      const known = await this.tables.sessions.get(`${verifier}/${steamId}`);
      if (known?.session === session) await this.#remove(verifier, steamId);
    });
  }

  /** The verifier is gone: its sessions end without a signal and the users are free. */
  async endAll(verifier: bigint): Promise<void> {
    for (const [key] of await this.tables.sessions.all(`${verifier}/`)) {
      const user = userOf(key);
      await this.#lock.run(user.toString(), () => this.#remove(verifier, user));
    }
  }

  /** The user is nobody any more: his sessions go, and verifiers who say that they end find nothing. */
  forget(steamId: bigint): Promise<void> {
    return this.#lock.run(steamId.toString(), async () => {
      for (const verifier of await this.verifiersOf(steamId)) await this.#remove(verifier, steamId);
    });
  }

  /** Gives all good sessions of a user that match the new verdict. */
  fail(
    steamId: bigint,
    response: EAuthSessionResponse,
    matches: (session: SessionRecord, verifier: bigint) => boolean,
    ownerPlays = false,
  ): Promise<void> {
    return this.#lock.run(steamId.toString(), () =>
      this.#eachGood(steamId, async (session, verifier) => {
        if (!matches(session, verifier)) return;
        await this.#fail(steamId, verifier, session, response, ownerPlays);
      }),
    );
  }

  /** Licences changed: of the user, or of somebody he borrows from. */
  recheckLicences(steamId: bigint): Promise<void> {
    return this.#lock.run(steamId.toString(), async () => {
      const owned = await this.licences.owned(steamId);
      const licences = toldOf(owned);
      await this.#eachGood(steamId, async (session, verifier) => {
        if (new SteamID(steamId).isGameServer) return;
        const owner = this.licences.ownerIn(owned, steamId, session.appId);
        if (owner === undefined) {
          await this.#fail(steamId, verifier, session, Response.NoLicenseOrExpired, false);
        } else {
          const record = { ...session, owner: owner.toString() };
          await this.tables.sessions.set(`${verifier}/${steamId}`, record);
          this.say(verifier, { event: 'licences', steamId, licences });
        }
      });
    });
  }

  /** Users with an open session at a verifier, bots are not known here. */
  async usersOf(verifier: bigint): Promise<readonly bigint[]> {
    const found = await this.tables.sessions.all(`${verifier}/`);
    return found.map(([key]) => userOf(key));
  }

  async verifiersOf(steamId: bigint): Promise<readonly bigint[]> {
    return ((await this.tables.playing.get(steamId.toString())) ?? []).map(BigInt);
  }

  /** Sessions whose connection does not exist any more: the backend died between the two. */
  async orphans(): Promise<readonly { steamId: bigint; connection: string }[]> {
    const found: { steamId: bigint; connection: string }[] = [];
    for await (const [key, session] of this.tables.sessions.entries()) {
      if (session.response !== Response.OK) continue;
      if ((await this.tables.connections.get(session.connection)) !== undefined) continue;
      found.push({ steamId: userOf(key), connection: session.connection });
    }
    return found;
  }

  async #current(steamId: bigint, session: SessionRecord): Promise<Verdict> {
    const good = session.response === Response.OK;
    const owned = good ? await this.licences.owned(steamId) : undefined;
    return {
      steamId,
      session: session.session,
      response: session.response,
      ownerId: BigInt(session.owner),
      licences: owned === undefined ? [] : toldOf(owned),
    };
  }

  async #eachGood(
    steamId: bigint,
    visit: (session: SessionRecord, verifier: bigint) => Promise<void>,
  ): Promise<void> {
    for (const verifier of await this.verifiersOf(steamId)) {
      const session = await this.tables.sessions.get(`${verifier}/${steamId}`);
      if (session?.response === Response.OK) await visit(session, verifier);
    }
  }

  async #fail(
    steamId: bigint,
    verifier: bigint,
    session: SessionRecord,
    response: EAuthSessionResponse,
    ownerPlays: boolean,
  ): Promise<void> {
    const failedAt = this.clock.now();
    await this.tables.sessions.set(`${verifier}/${steamId}`, { ...session, response, failedAt });
    const ownerId = BigInt(session.owner);
    const verdict = { steamId, session: session.session, response, ownerId, licences: [] };
    this.say(verifier, {
      event: 'verdict',
      verdict: ownerPlays ? { ...verdict, ownerPlays } : verdict,
    });
  }

  async #remove(verifier: bigint, steamId: bigint): Promise<void> {
    const session = await this.tables.sessions.take(`${verifier}/${steamId}`);
    await this.#setPlaying(steamId.toString(), verifier.toString(), false);
    if (session?.failedAt != null) {
      await this.reputations.addGhost(verifier, this.clock.now() - session.failedAt);
    }
  }

  #setPlaying(user: string, verifier: string, playing: boolean): Promise<unknown> {
    return this.tables.playing.update(user, (current) => {
      if (current === undefined) return playing ? [verifier] : undefined;
      const others = current.filter((other) => other !== verifier);
      const next = playing ? [...others, verifier] : others;
      return next.length === 0 ? undefined : next;
    });
  }
}

const userOf = (key: string): bigint => BigInt(key.slice(key.indexOf('/') + 1));
