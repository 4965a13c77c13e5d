import { type Clock, GlobalLimit, type PeerAddress } from 'beaconry';
import { CloneGroups } from './clone-groups.js';
import type { ServerDescription } from './public.js';
import type { Registered, RegistrationTable } from './registration-table.js';
import { NONE } from './slots.js';
import { StandingColumns } from './standing-columns.js';

/** Milliseconds between two questions to a server that does not answer. */
const askInterval = 3000;
/** Milliseconds after the first question at which it counts as silent. */
const patience = 10_000;
/** Milliseconds for which shutdowns of a server that proved to be alive are not believed. */
const shutdownsIgnored = 300_000;
/** Milliseconds for which an answer counts: a join sooner after it is no reason to ask again. */
const answerCounts = 60_000;
/**
 * Questions each second; what is more waits for its turn. Servers that answered before have a budget of their
 * own, so that a flood of new ones delays none of them.
 */
const questionsPerSecond = { known: 2000, strange: 2000 };
/** Shutdowns that are followed up each second: more of them hide nobody, since anybody can forge them. */
const shutdownsPerSecond = 500;

/** What INFO says, as far as lists care. */
export interface InfoFacts {
  readonly name: string;
  readonly map: string;
  readonly players: number;
}

interface Probe {
  /** Undefined while it waits for its turn. */
  firstAskedAt: number | undefined;
  askedAt: number;
  challenge: number | null;
  challenges: number;
}

/** Challenges that one probe follows: a server that gives nothing else is not answering. */
const mostChallenges = 4;

/**
 * Believes servers what they answer, not what they announce: a registration is shown after it answered INFO at
 * the address under which it is listed, and hidden when it stops answering. Questions go to live registrations
 * only, which were made from that very address with a challenge. Messages and time in, messages out.
 */
export class ServerVerifier {
  readonly #standings = new StandingColumns();
  readonly #probes = new Map<Registered, Probe>();
  readonly #groups: CloneGroups;
  readonly #toKnown: GlobalLimit;
  readonly #toStrangers: GlobalLimit;
  readonly #shutdowns: GlobalLimit;

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly table: RegistrationTable,
    /** Asks INFO, with a challenge if there is one. */
    private readonly ask: (to: PeerAddress, challenge: number | null) => void,
  ) {
    this.#groups = new CloneGroups((slot) => table.at(slot));
    this.#toKnown = new GlobalLimit(clock, { perSecond: questionsPerSecond.known });
    this.#toStrangers = new GlobalLimit(clock, { perSecond: questionsPerSecond.strange });
    this.#shutdowns = new GlobalLimit(clock, { perSecond: shutdownsPerSecond });
    table.onForget((registration) => this.#forget(registration));
  }

  /** Registrations that are being asked. */
  get waiting(): number {
    return this.#probes.size;
  }

  /** What a join may claim: never more players than the server said when it was asked, nor than fit. */
  believable(address: PeerAddress, said: ServerDescription): ServerDescription {
    const known = this.table.find(address);
    const answered = known === undefined ? NONE : (this.#standings.answered[known.slot] ?? NONE);
    return { ...said, players: shownPlayers(said.players, said.maxPlayers, answered) };
  }

  /** A server joined, for the first time or again: it is asked whether that is true. */
  joined(registration: Registered, claimed: number): void {
    const { slot } = registration;
    const standings = this.#standings;
    standings.reach(slot);
    standings.claimed[slot] = claimed;
    // Whoever joins is not leaving: a join, unlike a shutdown, carries a challenge.
    standings.isLeaving[slot] = 0;
    this.#show(registration);
    const answeredAt = standings.verifiedAt[slot] as number;
    const isKnown = registration.verified && this.#now - answeredAt < answerCounts;
    if (!isKnown) this.#probe(registration);
  }

  /** Somebody said, without any proof, that the server shuts down. */
  shutdown(registration: Registered): void {
    const { slot } = registration;
    const standings = this.#standings;
    standings.reach(slot);
    const isIgnored = this.#now < (standings.shutdownsIgnoredUntil[slot] as number);
    if (isIgnored || this.isLeaving(registration) || !this.#shutdowns.take()) return;
    standings.isLeaving[slot] = 1;
    this.#show(registration);
    this.#probe(registration);
  }

  /** Whether a server of this address was asked something: only then its answers are read. */
  expects(from: PeerAddress): boolean {
    const registration = this.table.find(from);
    return registration !== undefined && this.#probes.has(registration);
  }

  challenged(from: PeerAddress, challenge: number): void {
    const registration = this.table.find(from);
    const probe = registration && this.#probes.get(registration);
    if (registration === undefined || probe === undefined) return;
    if (probe.challenges >= mostChallenges) return;
    probe.challenges++;
    probe.challenge = challenge;
    this.ask(registration.address, challenge);
  }

  answered(from: PeerAddress, info: InfoFacts): void {
    const registration = this.table.find(from);
    if (registration === undefined || !this.#probes.delete(registration)) return;
    const { slot } = registration;
    const standings = this.#standings;
    standings.reach(slot);
    if (this.isLeaving(registration)) {
      standings.isLeaving[slot] = 0;
      standings.shutdownsIgnoredUntil[slot] = this.#now + shutdownsIgnored;
      // Whoever forged the shutdown knows when an answer is waited for and can forge that as well: it counts
      // as a sign of life, and says nothing new of a server that is known.
      if (registration.verified) {
        this.#show(registration);
        return;
      }
    }
    standings.answered[slot] = info.players;
    standings.verifiedAt[slot] = this.#now;
    const touched = this.#groups.put(registration, info.name, info.map, info.players);
    this.table.revise(registration, {
      verified: true,
      players: shownPlayers(
        standings.claimed[slot] as number,
        registration.maxPlayers,
        info.players,
      ),
    });
    this.#show(registration);
    for (const other of touched) this.#show(other);
  }

  /** Asks whoever waits for the first question, then again who has not answered, and gives up on the silent. */
  tick(): void {
    const now = this.#now;
    for (const [registration, probe] of this.#probes) {
      if (probe.firstAskedAt === undefined) this.#ask(registration, probe);
    }
    for (const [registration, probe] of this.#probes) {
      const { firstAskedAt = now } = probe;
      if (now - firstAskedAt >= patience) this.#silent(registration);
      else if (now - probe.askedAt >= askInterval) this.#ask(registration, probe);
    }
  }

  get #now(): number {
    return this.clock.monotonic();
  }

  #probe(registration: Registered): void {
    // Whoever is at a FakeIP is not at that address.
    if (this.#probes.has(registration) || registration.fakeIp) return;
    const probe = {
      firstAskedAt: undefined,
      askedAt: Number.NEGATIVE_INFINITY,
      challenge: null,
      challenges: 0,
    };
    this.#probes.set(registration, probe);
    this.#ask(registration, probe);
  }

  #ask(registration: Registered, probe: Probe): void {
    if (!(registration.verified ? this.#toKnown : this.#toStrangers).take()) return;
    probe.askedAt = this.#now;
    probe.firstAskedAt ??= probe.askedAt;
    this.ask(registration.address, probe.challenge);
    // A challenge that brought no answer may be too old.
    probe.challenge = null;
  }

  #silent(registration: Registered): void {
    this.#probes.delete(registration);
    if (this.isLeaving(registration)) {
      this.table.remove(registration.address, 'signed-off');
      return;
    }
    const touched = this.#groups.remove(registration);
    this.table.revise(registration, { verified: false });
    this.#show(registration);
    for (const other of touched) this.#show(other);
  }

  #forget(registration: Registered): void {
    this.#probes.delete(registration);
    for (const other of this.#groups.remove(registration)) this.#show(other);
    // The slot will be another one's.
    if (registration.slot < this.#standings.claimed.length)
      this.#standings.clear(registration.slot);
  }

  #show(registration: Registered): void {
    const hidden =
      !registration.verified || this.isLeaving(registration) || this.#groups.hides(registration);
    if (hidden !== registration.hidden) this.table.revise(registration, { hidden });
  }

  /** It said goodbye, and is asked whether that is so. */
  isLeaving({ slot }: Registered): boolean {
    return this.#standings.isLeaving[slot] === 1;
  }
}

/** The smallest of what was claimed, what fits, and what was answered, if anything was. */
const shownPlayers = (claimed: number, maxPlayers: number, answered: number): number =>
  Math.min(claimed, maxPlayers, answered === NONE ? claimed : answered);
