import type { Clock, PeerAddress } from 'beaconry';
import type {
  GameServerMessage,
  MasterMessage,
} from '../../server-browser/master/heartbeat-codec.js';
import { withChallenge } from './join-values.js';
import { MasterSession } from './master-session.js';
import type { ConnectRequested, RestartRequested } from './public.js';

/** Milliseconds in which a print belongs to the restart request that follows it. */
const printWindow = 10_000;
const longestPrint = 300;
/** Requests in a row without an answer after which a name is resolved again. */
const silentRequests = 3;

/** What the engine says to the world. */
export interface HeartbeatOutput {
  send(message: GameServerMessage, to: PeerAddress): void;
  restartRequested(said: RestartRequested): void;
  connectRequested(said: ConnectRequested): void;
  /** The name should be resolved again, since nobody answers at its address. */
  unreachable(name: string): void;
}

export interface HeartbeatOptions {
  /** As the configuration names them. */
  readonly masters: readonly string[];
  /** Milliseconds between two joins. */
  readonly interval: number;
  /** A whole number of 32 bits that nobody can guess. */
  random(): number;
}

/** Keeps one game server in the lists of any number of masters: messages and time in, messages out. */
export class HeartbeatEngine {
  readonly #sessions: readonly MasterSession[];
  readonly #prints = new Map<MasterSession, { readonly text: string; readonly at: number }>();
  readonly #restartsSaid = new Map<MasterSession, number>();
  #values: ReadonlyMap<string, string> | undefined;
  #text = '';

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    { masters, interval, random }: HeartbeatOptions,
    private readonly output: HeartbeatOutput,
  ) {
    this.#sessions = masters.map((name) => new MasterSession(name, interval, random));
  }

  /** Masters in whose lists the server is, as far as one can know. */
  get joined(): number {
    return this.#sessions.filter(
      ({ isJoined, unanswered }) => isJoined && unanswered <= silentRequests,
    ).length;
  }

  /** Whether an address is that of a master: only those are listened to. */
  knows(from: PeerAddress): boolean {
    return this.#sessionOf(from) !== undefined;
  }

  /** A name stands for this address from now on. */
  resolved(name: string, address: PeerAddress): void {
    const now = this.clock.monotonic();
    for (const session of this.#sessions) {
      if (session.name === name) session.resolved(address, now);
    }
    this.tick();
  }

  /** What joins say from now on; undefined takes the server out of all lists. */
  describe(values: ReadonlyMap<string, string> | undefined): void {
    this.#values = values;
    if (values === undefined) {
      this.#signOff();
      return;
    }
    this.#text = [...values].flat().join('\\');
    const now = this.clock.monotonic();
    for (const session of this.#sessions) session.refresh(this.#text, now);
    this.tick();
  }

  /** Sends what is due. */
  tick(): void {
    if (this.#values === undefined) return;
    const now = this.clock.monotonic();
    for (const session of this.#sessions) {
      const request = session.due(now);
      if (request === undefined || session.address === undefined) continue;
      this.output.send(request, session.address);
      if (session.unanswered > silentRequests) this.output.unreachable(session.name);
    }
  }

  /** Takes what a master sent; everybody else is ignored. */
  receive(from: PeerAddress, message: MasterMessage): void {
    const session = this.#sessionOf(from);
    if (session === undefined) return;
    switch (message.kind) {
      case 'challenge':
        this.#join(session, message.challenge, message.echo);
        break;
      case 'print':
        this.#prints.set(session, {
          text: printable(message.text),
          at: this.clock.monotonic(),
        });
        break;
      case 'restart-request':
        this.#restart(session, message.challenge);
        break;
      case 'connect-request':
        this.output.connectRequested({ master: session.name, client: message.address });
        break;
      case 'start-answer':
        break;
    }
  }

  #join(session: MasterSession, challenge: number, echo: number | null): void {
    const values = this.#values;
    if (values === undefined || session.address === undefined) return;
    if (!session.takes(challenge, echo, this.#text, this.clock.monotonic())) return;
    this.output.send({ kind: 'join', values: withChallenge(values, challenge) }, session.address);
  }

  /** The challenge of the last join is the proof that the master itself speaks; it says so once for each. */
  #restart(session: MasterSession, challenge: number): void {
    if (session.challenge !== challenge || this.#restartsSaid.get(session) === challenge) return;
    this.#restartsSaid.set(session, challenge);
    const print = this.#prints.get(session);
    this.#prints.delete(session);
    const isRecent = print !== undefined && this.clock.monotonic() - print.at <= printWindow;
    this.output.restartRequested({ master: session.name, text: isRecent ? print.text : '' });
  }

  #signOff(): void {
    for (const session of this.#sessions) {
      if (session.isJoined && session.address !== undefined) {
        this.output.send({ kind: 'shutdown' }, session.address);
      }
      session.left(this.clock.monotonic());
    }
  }

  #sessionOf(from: PeerAddress): MasterSession | undefined {
    for (const session of this.#sessions) if (session.address?.equals(from)) return session;
    return undefined;
  }
}

const printable = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, longestPrint);
