import {
  type AddressRanges,
  type ChallengeIssuer,
  type Clock,
  isLoopback,
  type PeerAddress,
  PrefixLimit,
  reachOf,
} from 'beaconry';
import type { AddressMap } from './address-map.js';
import { type GameServerMessage, joinChallenge, type MasterMessage } from './heartbeat-codec.js';
import type { RegisterResult, Registration, ServerDescription } from './public.js';
import type { Refusals } from './refusals.js';
import type { RegistrationTable, UpsertResult } from './registration-table.js';
import { describeServer } from './server-description.js';
import type { ServerVerifier } from './server-verifier.js';
import { isOutdated } from './version-requirement.js';

/** Milliseconds between two notices to one outdated server. */
const noticeInterval = 300_000;
const outdatedText = 'Your server is out of date, please upgrade';
const nothing: readonly MasterMessage[] = [];

export interface MasterRules {
  /** Nobody in these may register. */
  readonly deny: AddressRanges;
  /** Unless empty, only these may register. */
  readonly allow: AddressRanges;
  readonly white: AddressRanges;
  readonly addressMap: AddressMap;
  /** Whether the server, or its address, is banned. */
  isBanned(listed: PeerAddress): boolean;
  /** Whether loopback addresses may be listed; asked again for each, since endpoints are bound late. */
  allowsLoopback(): boolean;
  /** Who asks servers whether they are what they say; undefined while they are believed. */
  verifier?(): ServerVerifier | undefined;
  /** A server is listed at an address that the rest of the world cannot reach. */
  listedInside?(address: PeerAddress): void;
  /** Least version by product or, where that has none, by gamedir. */
  readonly minVersion: ReadonlyMap<string, string>;
  /** Joins each second from one /24 or /48; undefined for no limit. */
  readonly joinsPerSecond: number | undefined;
}

/** Joins one /24 or /48 may send at once: all the servers it may register. */
const joinBurst = 512;

/** The side of the master that game servers talk to: messages in, messages out. */
export class MasterEngine {
  readonly #joins: PrefixLimit | undefined;
  readonly #noticedAt = new WeakMap<Registration, number>();
  /** Of those that were not registered by a join. */
  readonly #owners = new WeakMap<Registration, object>();

  constructor(
    private readonly clock: Pick<Clock, 'monotonic'>,
    private readonly challenges: ChallengeIssuer,
    private readonly table: RegistrationTable,
    private readonly rules: MasterRules,
    private readonly refusals: Refusals,
  ) {
    const perSecond = rules.joinsPerSecond;
    this.#joins =
      perSecond === undefined ? undefined : new PrefixLimit(clock, { perSecond, burst: joinBurst });
  }

  /** Whether a join carries the challenge that was given to its sender. */
  proves(from: PeerAddress, join: Uint8Array): boolean {
    const challenge = joinChallenge(join);
    return challenge !== 0 && this.challenges.accepts(from, challenge);
  }

  /** Whether a sender that proved its address may join now; strangers never touch this limit. */
  mayJoin(from: PeerAddress): boolean {
    if (this.#joins?.take(from) !== false) return true;
    this.refusals.note(from, 'rate');
    return false;
  }

  /**
   * What to answer to a game server. `proven` says that a join carries the right challenge; without it a join
   * meets silence and changes nothing.
   */
  receive(
    from: PeerAddress,
    message: GameServerMessage,
    proven: boolean,
  ): readonly MasterMessage[] {
    switch (message.kind) {
      case 'challenge-request':
        return [{ kind: 'challenge', challenge: this.challenges.issue(from), echo: message.echo }];
      case 'start':
        return [{ kind: 'start-answer', challenge: this.challenges.issue(from) }];
      case 'join':
        if (proven) return this.#join(from, message.values);
        this.refusals.note(from, 'challenge');
        return nothing;
      case 'shutdown':
        this.#shutdown(from);
        return nothing;
    }
  }

  /** Registers a server whose address is proven, by the operator's rules; without an owner it is the join's. */
  register(
    from: PeerAddress,
    description: ServerDescription,
    owner?: object,
  ): Extract<RegisterResult, 'listed' | 'outdated' | 'refused'> {
    const address = this.rules.addressMap.listed(from);
    if (!this.#mayRegister(from, address)) return 'refused';
    if (this.table.find(address)?.fakeIp) {
      this.refusals.note(from, 'fake-ip');
      return 'refused';
    }
    const outdated = this.#isOutdated(description);
    const verifier = this.rules.verifier?.();
    const believed = verifier?.believable(address, description) ?? description;
    const whitelisted = this.rules.white.includes(from);
    const standing = { whitelisted, outdated };
    if (!this.#isTaken(from, this.table.upsert(address, believed, standing))) return 'refused';
    if (reachOf(address) !== 'public') this.rules.listedInside?.(address);
    const registration = this.table.find(address);
    if (registration !== undefined) {
      if (owner === undefined) this.#owners.delete(registration);
      else this.#owners.set(registration, owner);
      verifier?.joined(registration, description.players);
    }
    return this.#listing(from, outdated);
  }

  /** Registers a server at a FakeIP whose lease is proven. It takes the place of a server of the own network. */
  registerFakeIp(
    address: PeerAddress,
    description: ServerDescription,
  ): Extract<RegisterResult, 'listed' | 'outdated' | 'refused'> {
    if (!this.#mayRegister(address, address)) return 'refused';
    if (this.table.find(address)?.fakeIp === false) this.table.remove(address);
    const outdated = this.#isOutdated(description);
    const whitelisted = this.rules.white.includes(address);
    const standing = { whitelisted, outdated, fakeIp: true };
    const result = this.table.upsert(address, description, standing);
    return this.#isTaken(address, result) ? this.#listing(address, outdated) : 'refused';
  }

  #isTaken(from: PeerAddress, result: UpsertResult): boolean {
    if (result !== 'address-full' && result !== 'prefix-full') return true;
    this.refusals.note(from, result);
    return false;
  }

  #listing(from: PeerAddress, outdated: boolean): 'listed' | 'outdated' {
    if (!outdated) return 'listed';
    this.refusals.note(from, 'outdated');
    return 'outdated';
  }

  /** Who holds what is registered for this source: undefined for nobody, `join` when joins keep it there. */
  holderOf(from: PeerAddress): object | 'join' | undefined {
    const registration = this.table.find(this.rules.addressMap.listed(from));
    return registration && (this.#owners.get(registration) ?? 'join');
  }

  /** Whether a server may be registered without a challenge: nothing is ever sent there. */
  needsNoProof(from: PeerAddress): boolean {
    return isLoopback(this.rules.addressMap.listed(from)) && this.rules.verifier?.() === undefined;
  }

  /** Takes a server out whose wish is proven. */
  withdraw(from: PeerAddress): void {
    this.table.remove(this.rules.addressMap.listed(from), 'signed-off');
  }

  #join(from: PeerAddress, values: ReadonlyMap<string, string>): readonly MasterMessage[] {
    if (this.register(from, describeServer(values)) !== 'outdated') return nothing;
    return this.#notice(this.rules.addressMap.listed(from), Number(values.get('challenge')));
  }

  #mayRegister(from: PeerAddress, listed: PeerAddress): boolean {
    const { allow, deny } = this.rules;
    if (from.port === 0) {
      this.refusals.note(from, 'port');
    } else if (deny.includes(from) || !(allow.isEmpty || allow.includes(from))) {
      this.refusals.note(from, 'denied');
    } else if (this.rules.isBanned(from) || this.rules.isBanned(listed)) {
      this.refusals.note(from, 'banned');
    } else if (isLoopback(listed) && !this.rules.allowsLoopback()) {
      this.refusals.note(from, 'loopback');
    } else {
      return true;
    }
    return false;
  }

  #isOutdated({ product, modDir, version }: ServerDescription): boolean {
    const required = this.rules.minVersion.get(product) ?? this.rules.minVersion.get(modDir);
    return required !== undefined && isOutdated(version, required);
  }

  /** The server prints the text and may restart itself; said again only after a while. */
  #notice(address: PeerAddress, challenge: number): readonly MasterMessage[] {
    const registration = this.table.find(address);
    const now = this.clock.monotonic();
    if (registration !== undefined) {
      const before = this.#noticedAt.get(registration);
      if (before !== undefined && now - before < noticeInterval) return nothing;
      this.#noticedAt.set(registration, now);
    }
    return [
      { kind: 'print', text: outdatedText },
      { kind: 'restart-request', challenge },
    ];
  }

  /**
   * A shutdown carries no proof, so it counts only for exactly the address and port it comes from, and where
   * servers are asked back only if this one is silent then.
   */
  #shutdown(from: PeerAddress): void {
    const address = this.rules.addressMap.listed(from);
    const verifier = this.rules.verifier?.();
    const registration = this.table.find(address);
    // Nobody is asked at a FakeIP: its lease says when it ends.
    if (registration === undefined || registration.fakeIp) return;
    if (verifier === undefined) this.table.remove(address, 'signed-off');
    else verifier.shutdown(registration);
  }
}
