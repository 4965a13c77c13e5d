import type { Json } from 'beaconry';
import { EResult } from 'beaconry/steam';
import {
  decodeResume,
  encodeRegistration,
  encodeUpload,
  FieldReader,
  type JsonObject,
} from './backend-codec.js';
import { decodeVerdict } from './link-event.js';
import type {
  Compatibility,
  GroupStatus,
  PlayerLink,
  Reputation,
  Resume,
  ServerLink,
  ServerReport,
  SessionUpload,
  SteamLink,
  TicketRegistration,
  Verdict,
} from './public.js';
import type { RemoteSocket } from './remote-socket.js';

const UPLOADS_PER_FRAME = 200;

/** A logon on the other side of a socket; how it is called there is in backend-codec. */
class RemoteLink implements SteamLink {
  readonly steamId: bigint;
  readonly resume: Resume;
  readonly publicAddress: string;
  readonly connectTokens: readonly bigint[];
  readonly trustedKeys: readonly string[];

  constructor(
    private readonly socket: RemoteSocket,
    private readonly number: number,
    facts: FieldReader,
  ) {
    this.steamId = facts.u64('steamId');
    this.resume = decodeResume(facts.object('resume'));
    this.publicAddress = facts.text('publicAddress');
    this.connectTokens = facts.texts('connectTokens', 64).map(BigInt);
    this.trustedKeys = facts.texts('trustedKeys', 64);
  }

  async ownership(appId: number): Promise<{ result: EResult; bytes: Uint8Array }> {
    const answer = FieldReader.of(await this.call('ownership', { appId }));
    return { result: answer.nat('result'), bytes: answer.bytes('bytes', 65536) };
  }

  async registerTicket(
    ticket: TicketRegistration,
  ): Promise<{ result: EResult; connectTokens: readonly bigint[] }> {
    const answer = FieldReader.of(await this.call('registerTicket', encodeRegistration(ticket)));
    const connectTokens = answer.texts('connectTokens', 64).map(BigInt);
    return { result: answer.nat('result'), connectTokens };
  }

  async cancelTicket(connectToken: bigint): Promise<void> {
    await this.call('cancelTicket', { connectToken: connectToken.toString() });
  }

  async beginSession(session: SessionUpload): Promise<Verdict> {
    return decodeVerdict(await this.call('beginSession', encodeUpload(session)));
  }

  async uploadSessions(sessions: readonly SessionUpload[]): Promise<readonly Verdict[]> {
    const encoded = sessions.map(encodeUpload);
    for (let from = 0; ; from += UPLOADS_PER_FRAME) {
      const part = encoded.slice(from, from + UPLOADS_PER_FRAME);
      const more = from + UPLOADS_PER_FRAME < encoded.length;
      const answer = await this.call('uploadSessions', { sessions: part, more });
      if (!more) return Array.isArray(answer) ? answer.map(decodeVerdict) : [];
    }
  }

  async endSession(steamId: bigint, session: string): Promise<void> {
    await this.call('endSession', { steamId: steamId.toString(), session });
  }

  async logOff(): Promise<void> {
    try {
      await this.call('logOff', {});
    } finally {
      this.socket.endLink(this.number);
    }
  }

  drop(): void {
    const told = this.call('drop', {}).catch(() => undefined);
    void told.then(() => this.socket.endLink(this.number));
  }

  protected call(name: string, args: JsonObject): Promise<Json> {
    return this.socket.call(name, args, this.number);
  }
}

export class RemotePlayerLink extends RemoteLink implements PlayerLink {
  readonly verified: boolean;
  constructor(socket: RemoteSocket, number: number, facts: FieldReader) {
    super(socket, number, facts);
    this.verified = facts.boolean('verified');
  }
  async setPlaying(appId: number): Promise<void> {
    await this.call('setPlaying', { appId });
  }
  async antiCheatAlive(): Promise<void> {
    await this.call('antiCheatAlive', {});
  }
}

export class RemoteServerLink extends RemoteLink implements ServerLink {
  readonly anonymous: boolean;
  readonly secure: boolean;
  constructor(socket: RemoteSocket, number: number, facts: FieldReader) {
    super(socket, number, facts);
    this.anonymous = facts.boolean('anonymous');
    this.secure = facts.boolean('secure');
  }
  async report(report: ServerReport): Promise<void> {
    await this.call('report', { ...report });
  }
  async groupStatus(steamId: bigint, group: bigint): Promise<GroupStatus> {
    const args = { steamId: steamId.toString(), group: group.toString() };
    const answer = FieldReader.of(await this.call('groupStatus', args));
    return { member: answer.boolean('member'), officer: answer.boolean('officer') };
  }
  async associateClan(group: bigint): Promise<EResult> {
    const result = await this.call('associateClan', { group: group.toString() });
    return typeof result === 'number' ? result : EResult.Fail;
  }
  async compatibility(steamId: bigint): Promise<Compatibility> {
    const answer = FieldReader.of(
      await this.call('compatibility', { steamId: steamId.toString() }),
    );
    return {
      result: answer.nat('result'),
      playersDontLikeCandidate: answer.nat('playersDontLikeCandidate'),
      playersCandidateDoesntLike: answer.nat('playersCandidateDoesntLike'),
      clanPlayersDontLikeCandidate: answer.nat('clanPlayersDontLikeCandidate'),
      isClanMember: answer.boolean('isClanMember'),
    };
  }
  async reputation(): Promise<Reputation> {
    const answer = FieldReader.of(await this.call('reputation', {}));
    const plain = {
      result: answer.nat('result'),
      score: answer.nat('score'),
      banned: answer.boolean('banned'),
    };
    if (!answer.has('ban')) return plain;
    const ban = answer.object('ban');
    const until = ban.timeOrNull('until');
    return { ...plain, ban: { address: ban.text('address'), port: ban.nat('port'), until } };
  }
}
