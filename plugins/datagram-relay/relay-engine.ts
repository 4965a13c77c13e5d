import { randomBytes } from 'node:crypto';
import {
  AddressLimit,
  type Clock,
  DecodeError,
  GlobalLimit,
  hashWords,
  PeerAddress,
} from 'beaconry';
import type { HostedRoute } from '../coordinator/sdr/hosted-address-codec.js';
import { CONTROL, DATA, readWord, writeWord } from './data-codec.js';
import { LegForwarder } from './leg-forwarder.js';
import { LegKind, type LegLimits, LegTable } from './leg-table.js';
import { LEASE, Registrations } from './registrations.js';
import * as codec from './relay-codec.js';
import { Lead, Refusal } from './relay-codec.js';
import { RelayCookie } from './relay-cookie.js';
import * as keys from './relay-keys.js';
import type { RelayNetworkView } from './relay-network-view.js';
import { Refused, TicketJudge } from './ticket-judge.js';

export interface RelayEngineOptions {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  send(bytes: Uint8Array, to: PeerAddress): void;
  /** X25519 key of this relay's POP. */
  readonly key: keys.ExchangeKey;
  /** Opens the sealed route of a ticket; DecodeError when it is for other relays. */
  openRoute(bytes: Uint8Array): HostedRoute;
  /** The newest network config, as seen from here. */
  network(): RelayNetworkView;
  /** Where other relays see this one; needed for two-hop routes only. */
  ownAddress(): PeerAddress | undefined;
  readonly dev: boolean;
  /** Legs, a power of two. */
  readonly maxLegs?: number;
  readonly maxRegistrations?: number;
  readonly limits?: LegLimits;
  readonly opensPerMinute?: number;
  /** Signature work for proven strangers, per second. */
  readonly handshakesPerSecond?: number;
  /** Milliseconds without a valid packet after which a leg ends. */
  readonly idle?: number;
}

/** A session that is being opened, and later its answer, until nobody can ask again with the same cookie. */
interface Opening {
  readonly hash: Uint8Array;
  readonly from: PeerAddress;
  readonly at: number;
  /** Row towards whoever asked, and towards where it leads. */
  readonly row: number;
  readonly nextRow: number;
  readonly join: Uint8Array | undefined;
  readonly joinTo: PeerAddress | undefined;
  readonly okKey: Uint8Array | undefined;
  /** Makes the answer out of the one from ahead. */
  readonly answer: (ok: codec.JoinOk) => Uint8Array;
  /** Says why not. */
  readonly refuse: (code: number, text: string) => Uint8Array;
  reply: Uint8Array | undefined;
}

export interface HandshakeCounters {
  probes: number;
  badCookie: number;
  limited: number;
  opened: number;
  refused: number;
  joins: number;
  registered: number;
  unregistered: number;
}

const MAX_OPENINGS = 4096;
const OPENING_LIFE = 65_000;
const JOIN_TIME = 10_000;
const SESSIONS_PER_TICKET = 2;
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
  readonly #judge: TicketJudge;
  readonly #openings = new Map<string, Opening>();
  readonly #joining = new Map<number, Opening>();
  /** Rows of each ticket, oldest first. */
  readonly #ticketRows = new Map<string, number[]>();
  readonly #linkWanted = new Map<number, number>();
  readonly #openLimit: AddressLimit;
  readonly #ticketLimit: AddressLimit;
  readonly #work: GlobalLimit;
  readonly #ticketKey = new PeerAddress();
  readonly #tokenSecret = Int32Array.from({ length: 4 }, () => randomBytes(4).readInt32LE());
  #shutdownAt: number | undefined;

  constructor(private readonly options: RelayEngineOptions) {
    const { clock } = options;
    this.legs = new LegTable(options.maxLegs ?? 32_768, options.limits ?? DEFAULT_LIMITS);
    this.forwarder = new LegForwarder(this.legs, clock, options.send, (row, control) => {
      if (control.type === 'close') this.#end(row, control.code);
      else if (control.type === 'link') this.#link(row, control.token);
    });
    this.registrations = new Registrations(options.maxRegistrations ?? 4096, options.dev);
    this.#cookie = new RelayCookie(clock);
    this.#judge = new TicketJudge(options.dev);
    const perMinute = options.opensPerMinute ?? 20;
    const table = { size: 8192, burst: perMinute };
    this.#openLimit = new AddressLimit(clock, { ...table, perSecond: perMinute / 60 });
    this.#ticketLimit = new AddressLimit(clock, { size: 8192, perSecond: 10 / 60, burst: 10 });
    this.#work = new GlobalLimit(clock, { perSecond: options.handshakesPerSecond ?? 400 });
  }

  /** Whether the sender is known to receive at its address: a leg, or a relay or server in a handshake. */
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
        this.#open(bytes, from);
        break;
      case Lead.join:
        this.#join(bytes, from);
        break;
      case Lead.joinOk:
        this.#joinOk(bytes, from);
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

  /** Ends what is idle; to be called about once a second. */
  sweep(): void {
    const { clock, idle = 60_000 } = this.options;
    const now = clock.monotonic();
    const { legs } = this;
    for (let row = 0; row < legs.size; row++) {
      if (legs.kind[row] === LegKind.free) continue;
      const limit = this.#joining.has(row) ? JOIN_TIME : idle;
      const other = legs.others[row] as number;
      let seen = legs.lastSeen[row] as number;
      // A way ahead lives as long as either side of it does; a client must be heard of itself.
      if (legs.kind[row] === LegKind.fixed && other >= 0 && !this.#joining.has(row)) {
        seen = Math.max(seen, legs.lastSeen[other] as number);
      }
      if (now - seen > limit) this.#end(row, 0);
    }
    for (const [name, opening] of this.#openings) {
      if (now - opening.at > OPENING_LIFE) this.#openings.delete(name);
    }
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

  #open(bytes: Uint8Array, from: PeerAddress): void {
    const { key, send, clock } = this.options;
    if (!this.#isProven(bytes, from, codec.MIN_OPEN)) return;
    const open = codec.decodeOpen(bytes);
    if (!keys.sameBytes(open.relayKey, key.publicKey)) return;
    const name = Buffer.from(open.random).toString('base64');
    const known = this.#openings.get(name);
    if (known !== undefined && keys.sameBytes(known.hash, open.hash)) {
      this.#again(known, from);
      return;
    }
    const refuse = (code: number, text: string) =>
      codec.encodeRefused({ clientId: open.clientId, code, text });
    if (!this.#work.take()) {
      this.handshakes.limited++;
      return;
    }
    try {
      if (this.#shutdownAt !== undefined) {
        throw new Refused(Refusal.shutdown, 'this relay is shutting down');
      }
      const part = codec.decodeEndPart(open.endPart);
      const network = this.options.network();
      const now = this.#unix();
      const ticket = open.peerToPeer
        ? undefined
        : this.#judge.ticket(open.ticket, network.certificates, part, from, now);
      const { certificate, signature, frontHash, endPart } = open;
      this.#judge.client(
        certificate,
        signature,
        frontHash,
        endPart,
        part,
        network.certificates,
        now,
      );
      if (known !== undefined) throw new Refused(Refusal.replay, 'OPEN was played back');
      if (this.#openings.size >= MAX_OPENINGS) throw new Refused(Refusal.busy, 'relay is full');
      const ephemeral = keys.ExchangeKey.generate();
      const secrets = Buffer.concat([
        key.secretWith(open.hopKey),
        ephemeral.secretWith(open.hopKey),
      ]);
      const hop = keys.clientHopKeys(secrets, open.hash);
      const openOk = (relayId: number, expiry: number, ok: codec.JoinOk, token: Uint8Array) =>
        codec.encodeOpenOk(
          {
            clientId: open.clientId,
            relayId,
            relayEphemeral: ephemeral.publicKey,
            expiry,
            serverPart: ok.serverPart,
            certificate: ok.certificate,
            signature: ok.signature,
            token,
          },
          (covered) => keys.hmac(hop.answer, covered),
        );
      const row = this.#addLeg(LegKind.client, open.clientId | 0, from);
      this.legs.setKeys(row, hop.forward, hop.back);
      const id = (this.legs.ids[row] as number) >>> 0;
      const opening = { hash: open.hash, from: from.copy(), at: clock.monotonic(), row, refuse };
      if (ticket === undefined) {
        const reply = openOk(id, 0, NOTHING, this.#token(row));
        this.#openings.set(name, { ...opening, ...DIRECT, reply });
        this.handshakes.opened++;
        send(reply, from);
        return;
      }
      try {
        this.#takeQuota(open.ticket, row);
        const answer = (ok: codec.JoinOk) => openOk(id, ticket.expiresAt, ok, NO_BYTES);
        const content = { frontHash, endPart, certificate, signature, expiry: ticket.expiresAt };
        const next =
          open.next === undefined
            ? this.#toServer(row, content, ticket)
            : this.#toRelay(row, content, open.next, open.ticket);
        this.#begin(name, { ...opening, ...next, answer, reply: undefined });
      } catch (error) {
        this.#end(row, 0);
        throw error;
      }
    } catch (error) {
      if (error instanceof DecodeError) return;
      if (!(error instanceof Refused)) throw error;
      this.handshakes.refused++;
      send(refuse(error.code, error.message), from);
    }
  }

  /** A JOIN of another relay: this one is the nearer to the server. */
  #join(bytes: Uint8Array, from: PeerAddress): void {
    const { key, network, ownAddress, send, clock } = this.options;
    const view = network();
    const sender = view.relayKeyAt(from);
    const own = ownAddress();
    if (sender === undefined || own === undefined || !this.#work.take()) return;
    const link = keys.linkJoinKeys(key.secretWith(sender), addressPair(from, own));
    const join = codec.decodeJoin(keys.unseal(bytes, Lead.join, link.join));
    const name = `relay ${Buffer.from(join.hopSecret).toString('base64')}`;
    const known = this.#openings.get(name);
    if (known !== undefined) {
      this.#again(known, from);
      return;
    }
    const seal = (ok: codec.JoinOk) =>
      keys.seal(Lead.joinOk, join.senderId, link.ok, codec.encodeJoinOk(ok));
    const refuse = (code: number) => seal({ ...NOTHING, code });
    try {
      if (this.#shutdownAt !== undefined) throw new Refused(Refusal.shutdown, 'shutting down');
      if (this.#openings.size >= MAX_OPENINGS) throw new Refused(Refusal.busy, 'relay is full');
      const part = codec.decodeEndPart(join.endPart);
      const now = this.#unix();
      const { certificates } = view;
      const ticket = this.#judge.ticket(join.ticket, certificates, part, undefined, now);
      const { certificate, signature, frontHash, endPart } = join;
      this.#judge.client(certificate, signature, frontHash, endPart, part, certificates, now);
      const hop = keys.joinedHopKeys(join.hopSecret);
      const row = this.#addLeg(LegKind.fixed, join.senderId | 0, from);
      this.legs.setKeys(row, hop.forward, hop.back);
      try {
        const content = { frontHash, endPart, certificate, signature, expiry: ticket.expiresAt };
        const next = this.#toServer(row, content, ticket);
        const ownId = (this.legs.ids[row] as number) >>> 0;
        const answer = (ok: codec.JoinOk) => seal({ ...ok, ownId });
        const at = clock.monotonic();
        const opening = { hash: join.hopSecret, from: from.copy(), at, row, refuse };
        this.#begin(name, { ...opening, ...next, answer, reply: undefined });
      } catch (error) {
        this.#end(row, 0);
        throw error;
      }
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.handshakes.refused++;
      send(refuse(error.code), from);
    }
  }

  #joinOk(bytes: Uint8Array, from: PeerAddress): void {
    if (bytes.length < 34) return;
    const row = this.legs.find(readWord(bytes, 2));
    const opening = this.#joining.get(row);
    if (row < 0 || opening?.okKey === undefined || !this.legs.isAt(row, from)) return;
    const ok = codec.decodeJoinOk(keys.unseal(bytes, Lead.joinOk, opening.okKey));
    this.#joining.delete(row);
    if (ok.code !== 0) {
      opening.reply = opening.refuse(ok.code, 'the server or the relay before it refused');
      this.handshakes.refused++;
      this.#end(opening.row, 0);
    } else {
      this.legs.peerIds[row] = ok.ownId | 0;
      this.legs.others[row] = opening.row;
      this.legs.others[opening.row] = row;
      opening.reply = opening.answer(ok);
      this.handshakes.opened++;
    }
    this.options.send(opening.reply, opening.from);
  }

  #toServer(
    row: number,
    content: Omit<codec.Join, 'senderId' | 'hopSecret' | 'ticket'>,
    ticket: { readonly route: Uint8Array; readonly server: string },
  ) {
    let route: HostedRoute;
    try {
      route = this.options.openRoute(ticket.route);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      throw new Refused(Refusal.mismatch, 'ticket leads to another POP: name a relay there');
    }
    const { address, pop, secret } = route;
    const now = this.options.clock.monotonic();
    const registration = this.registrations.find(address, ticket.server, now);
    if (registration === undefined || !this.options.network().isTarget(pop, address)) {
      throw new Refused(Refusal.noServer, 'the server is not registered at this relay');
    }
    const joinKeys = keys.serverJoinKeys(registration.secret, secret ?? 0n);
    return this.#toNext(row, content, NO_BYTES, registration.id, joinKeys, address);
  }

  #toRelay(
    row: number,
    content: Omit<codec.Join, 'senderId' | 'hopSecret' | 'ticket'>,
    next: PeerAddress,
    ticket: Uint8Array,
  ) {
    const { key, network, ownAddress } = this.options;
    const receiver = network().relayKeyAt(next);
    const own = ownAddress();
    if (receiver === undefined || own === undefined || own.equals(next)) {
      throw new Refused(Refusal.relay, 'the next relay is not one of this network');
    }
    const link = keys.linkJoinKeys(key.secretWith(receiver), addressPair(own, next));
    return this.#toNext(row, content, ticket, 0, link, next);
  }

  #toNext(
    row: number,
    content: Omit<codec.Join, 'senderId' | 'hopSecret' | 'ticket'>,
    ticket: Uint8Array,
    linkId: number,
    joinKeys: keys.JoinKeys,
    to: PeerAddress,
  ) {
    const nextRow = this.#addLeg(LegKind.fixed, 0, to);
    const hopSecret = randomBytes(32);
    const hop = keys.joinedHopKeys(hopSecret);
    this.legs.setKeys(nextRow, hop.back, hop.forward);
    this.legs.others[nextRow] = row;
    const senderId = (this.legs.ids[nextRow] as number) >>> 0;
    const plain = codec.encodeJoin({ senderId, hopSecret, ticket, ...content });
    const join = keys.seal(Lead.join, linkId, joinKeys.join, plain);
    return { nextRow, join, joinTo: to.copy(), okKey: joinKeys.ok };
  }

  #begin(name: string, opening: Opening): void {
    this.#openings.set(name, opening);
    this.#joining.set(opening.nextRow, opening);
    this.#again(opening, opening.from);
  }

  /** The client asked again: the answer is sent again, or the JOIN. */
  #again(opening: Opening, from: PeerAddress): void {
    if (!opening.from.equals(from)) return;
    if (opening.reply !== undefined) {
      this.options.send(opening.reply, from);
    } else if (opening.join !== undefined && opening.joinTo !== undefined) {
      if (this.legs.kind[opening.nextRow] === LegKind.free) return;
      this.handshakes.joins++;
      this.options.send(opening.join, opening.joinTo);
    }
  }

  #addLeg(kind: LegKind, peerId: number, address: PeerAddress): number {
    const row = this.legs.add(kind, peerId, address, this.options.clock.monotonic());
    if (row < 0) throw new Refused(Refusal.busy, 'relay is full');
    return row;
  }

  #takeQuota(ticket: Uint8Array, row: number): void {
    const hash = codec.sha256(ticket);
    this.#ticketKey.set(
      readWord(hash, 0),
      readWord(hash, 4),
      readWord(hash, 8),
      readWord(hash, 12),
      0,
    );
    if (!this.#ticketLimit.take(this.#ticketKey)) {
      throw new Refused(Refusal.busy, 'ticket opens too many sessions');
    }
    const name = Buffer.from(hash).toString('base64');
    for (const old of (this.#ticketRows.get(name) ?? []).slice(0, 1 - SESSIONS_PER_TICKET)) {
      this.#end(old, 0);
    }
    this.#ticketRows.set(name, [...(this.#ticketRows.get(name) ?? []), row]);
    this.#rowTickets.set(row, name);
  }
  readonly #rowTickets = new Map<number, string>();

  /** Ends a leg and the one it is joined with; both neighbours are told. */
  #end(row: number, code: number): void {
    const other = this.legs.others[row] as number;
    for (const one of other >= 0 && this.legs.others[other] === row ? [row, other] : [row]) {
      if (this.legs.kind[one] === LegKind.free) continue;
      if (this.legs.peerIds[one] !== 0) this.forwarder.sendControl(one, { type: 'close', code });
      this.#forget(one);
    }
    // A way to the server that is not joined yet points here, and nobody points back.
    for (const [next, opening] of this.#joining) if (opening.row === row) this.#forget(next);
  }

  #forget(row: number): void {
    this.#joining.delete(row);
    this.#linkWanted.delete(row);
    this.forwarder.removed(row);
    this.legs.remove(row);
    const ticket = this.#rowTickets.get(row);
    if (ticket === undefined) return;
    this.#rowTickets.delete(row);
    const rows = (this.#ticketRows.get(ticket) ?? []).filter((one) => one !== row);
    if (rows.length === 0) this.#ticketRows.delete(ticket);
    else this.#ticketRows.set(ticket, rows);
  }

  #token(row: number): Uint8Array {
    const token = new Uint8Array(16);
    writeWord(token, 0, this.legs.ids[row] as number);
    writeWord(token, 4, this.#unix() + 120);
    this.#tagToken(token, token);
    return token;
  }

  #tagToken(token: Uint8Array, into: Uint8Array): void {
    const [id, expiry] = [readWord(token, 0), readWord(token, 4)];
    writeWord(into, 8, hashWords(this.#tokenSecret, id, expiry, 1, 0));
    writeWord(into, 12, hashWords(this.#tokenSecret, id, expiry, 2, 0));
  }

  /** Two peers that named each other's token are joined. */
  #link(row: number, token: Uint8Array): void {
    const expected = token.slice();
    this.#tagToken(token, expected);
    if (!keys.sameBytes(expected, token) || readWord(token, 4) >>> 0 < this.#unix()) return;
    const other = this.legs.find(readWord(token, 0));
    const isClient = (leg: number) => this.legs.kind[leg] === LegKind.client;
    if (other < 0 || other === row || !isClient(row) || !isClient(other)) return;
    if (this.#rowTickets.has(row) || this.#rowTickets.has(other)) return;
    this.#linkWanted.set(row, this.legs.ids[other] as number);
    if (this.#linkWanted.get(other) !== this.legs.ids[row]) return;
    const free = (leg: number, wanted: number) =>
      (this.legs.others[leg] as number) < 0 || this.legs.others[leg] === wanted;
    if (!free(row, other) || !free(other, row)) return;
    this.legs.others[row] = other;
    this.legs.others[other] = row;
    this.forwarder.sendControl(row, { type: 'linked' });
    this.forwarder.sendControl(other, { type: 'linked' });
  }
}

const NO_BYTES = new Uint8Array();
const NOTHING: codec.JoinOk = {
  code: 0,
  ownId: 0,
  serverPart: NO_BYTES,
  certificate: NO_BYTES,
  signature: new Uint8Array(64),
};
const DIRECT = {
  nextRow: -1,
  join: undefined,
  joinTo: undefined,
  okKey: undefined,
  answer: () => NO_BYTES,
};

/** 36 bytes, the sender of a JOIN first. */
function addressPair(one: PeerAddress, other: PeerAddress): Uint8Array {
  const bytes = new Uint8Array(36);
  one.writeBytes(bytes, 0);
  bytes[16] = one.port;
  bytes[17] = one.port >>> 8;
  other.writeBytes(bytes, 18);
  bytes[34] = other.port;
  bytes[35] = other.port >>> 8;
  return bytes;
}
