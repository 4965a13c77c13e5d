import { AddressLimit, GlobalLimit, type PeerAddress } from 'beaconry';
import { CONTROL, DATA } from './data-codec.js';
import { LegForwarder } from './leg-forwarder.js';
import { LegKind, type LegLimits, LegTable } from './leg-table.js';
import { LEASE, Registrations } from './registrations.js';
import * as codec from './relay-codec.js';
import { Lead } from './relay-codec.js';
import { RelayCookie } from './relay-cookie.js';
import type { HandshakeCounters, RelayEngineOptions } from './relay-engine-options.js';
import * as keys from './relay-keys.js';
import { SessionOpener } from './session-opener.js';

export type { HandshakeCounters, RelayEngineOptions } from './relay-engine-options.js';

const JOIN_TIME = 10_000;
const DEFAULT_LIMITS: LegLimits = { packetsPerSecond: 1000, bytesPerSecond: 1_000_000, burst: 2 };

/** One relay without sockets: messages and time in, messages out. The bytes given in are used up. */
export class RelayEngine {
  readonly legs: LegTable;
  readonly forwarder: LegForwarder;
  readonly registrations: Registrations;
  readonly handshakes: HandshakeCounters = {
    probes: 0,
    badCookie: 0,
    limited: 0,
    opened: 0,
    refused: 0,
    joins: 0,
    registered: 0,
    unregistered: 0,
  };
  readonly #cookie: RelayCookie;
  readonly #opener: SessionOpener;
  readonly #openLimit: AddressLimit;
  readonly #work: GlobalLimit;
  #shutdownAt: number | undefined;

  constructor(private readonly options: RelayEngineOptions) {
    const { clock } = options;
    this.legs = new LegTable(options.maxLegs ?? 32_768, options.limits ?? DEFAULT_LIMITS);
    this.forwarder = new LegForwarder(this.legs, clock, options.send, (row, control) => {
      if (control.type === 'close') this.#opener.end(row, control.code);
      else if (control.type === 'link') this.#opener.links.link(row, control.token);
    });
    this.registrations = new Registrations(options.maxRegistrations ?? 4096, options.dev);
    this.#cookie = new RelayCookie(clock);
    const perMinute = options.opensPerMinute ?? 20;
    const table = { size: 8192, burst: perMinute };
    this.#openLimit = new AddressLimit(clock, { ...table, perSecond: perMinute / 60 });
    this.#work = new GlobalLimit(clock, { perSecond: options.handshakesPerSecond ?? 400 });
    const { legs, forwarder, registrations, handshakes } = this;
    this.#opener = new SessionOpener(options, {
      ...{ legs, forwarder, registrations, handshakes, work: this.#work },
      isShuttingDown: () => this.#shutdownAt !== undefined,
    });
  }

  /**
   * Whether the sender is known to receive at its address: a leg, or whoever's OPEN or REGISTER carries a good
   * cookie. A relay's JOIN is not proven.
   */
  proves(bytes: Uint8Array, from: PeerAddress): boolean {
    const first = bytes[0] as number;
    if (first >= DATA || first === CONTROL) {
      return bytes.length > 9 && this.forwarder.isKnown(bytes, from);
    }
    if (first !== Lead.open && first !== Lead.register) return false;
    return bytes.length > 12 && this.#cookie.isValid(codec.cookieOf(bytes), from);
  }

  receive(bytes: Uint8Array, from: PeerAddress): void {
    const first = bytes[0] as number;
    if (first >= DATA || first === CONTROL) {
      this.forwarder.receive(bytes, from);
      return;
    }
    switch (first) {
      case Lead.probe:
        this.#probe(bytes, from);
        break;
      case Lead.open:
        if (this.#isProven(bytes, from, codec.MIN_OPEN)) this.#opener.open(bytes, from);
        break;
      case Lead.join:
        this.#opener.join(bytes, from);
        break;
      case Lead.joinOk:
        this.#opener.joinOk(bytes, from);
        break;
      case Lead.register:
        this.#register(bytes, from);
        break;
    }
  }

  /** Tells all clients to move, for as many seconds as are left. */
  drain(seconds: number): void {
    this.#shutdownAt = this.options.clock.monotonic() + seconds * 1000;
    for (let row = 0; row < this.legs.size; row++) {
      if (this.legs.kind[row] === LegKind.client) {
        this.forwarder.sendControl(row, { type: 'drain', seconds });
      }
    }
  }

  /** Takes new sessions again after a drain. */
  stay(): void {
    this.#shutdownAt = undefined;
  }

  /** Ends what is idle; to be called about once a second. */
  sweep(): void {
    const { clock, idle = 60_000 } = this.options;
    const now = clock.monotonic();
    const { legs } = this;
    for (let row = 0; row < legs.size; row++) {
      if (legs.kind[row] === LegKind.free) continue;
      const limit = this.#opener.isJoining(row) ? JOIN_TIME : idle;
      const other = legs.others[row] as number;
      let seen = legs.lastSeen[row] as number;
      // A way ahead lives as long as either side of it does; a client must be heard of itself.
      if (legs.kind[row] === LegKind.fixed && other >= 0 && !this.#opener.isJoining(row)) {
        seen = Math.max(seen, legs.lastSeen[other] as number);
      }
      if (now - seen > limit) this.#opener.end(row, 0);
    }
    this.#opener.sweep(now);
    this.registrations.sweep(now);
    this.forwarder.sweep(now);
    if (this.#shutdownAt !== undefined) {
      const seconds = this.#shutdown();
      for (let row = 0; row < legs.size; row++) {
        if (legs.kind[row] === LegKind.client) {
          this.forwarder.sendControl(row, { type: 'drain', seconds });
        }
      }
    }
  }

  #shutdown(): number {
    if (this.#shutdownAt === undefined) return codec.NO_SHUTDOWN;
    return Math.max(0, Math.ceil((this.#shutdownAt - this.options.clock.monotonic()) / 1000));
  }

  #unix(): number {
    return Math.floor(this.options.clock.now() / 1000);
  }

  #probe(bytes: Uint8Array, from: PeerAddress): void {
    const { nonce, time } = codec.decodeProbe(bytes);
    this.handshakes.probes++;
    const ok = codec.encodeProbeOk(
      {
        nonce,
        time,
        relayTime: this.#unix(),
        cookie: this.#cookie.issue(from),
        observed: from,
        penalty: 0,
        shutdown: this.#shutdown(),
        pings: this.options.network().pings,
      },
      bytes.length,
    );
    this.options.send(ok, from);
  }

  #register(bytes: Uint8Array, from: PeerAddress): void {
    const { clock, key, network, send } = this.options;
    if (!this.#isProven(bytes, from, codec.MIN_REGISTER)) return;
    const register = codec.decodeRegister(bytes);
    if (!keys.sameBytes(register.relayKey, key.publicKey) || !this.#work.take()) return;
    const time = { now: clock.monotonic(), unix: this.#unix() };
    const accepted = this.registrations.accept(register, from, key, network(), time);
    if (accepted === undefined) {
      this.handshakes.unregistered++;
      return;
    }
    this.handshakes.registered++;
    const ok = {
      id: register.id,
      relayEphemeral: accepted.relayEphemeral,
      lease: LEASE,
      shutdown: this.#shutdown(),
    };
    send(
      codec.encodeRegisterOk(ok, (covered) => keys.hmac(accepted.keys.answer, covered)),
      from,
    );
  }

  /** Length and cookie, then the bucket of the address: all before anything is read or kept. */
  #isProven(bytes: Uint8Array, from: PeerAddress, length: number): boolean {
    if (bytes.length < length || bytes.length > codec.MAX_HANDSHAKE || bytes[1] !== codec.VERSION) {
      return false;
    }
    if (!this.#cookie.isValid(codec.cookieOf(bytes), from)) {
      this.handshakes.badCookie++;
      return false;
    }
    if (this.#openLimit.take(from)) return true;
    this.handshakes.limited++;
    return false;
  }
}
