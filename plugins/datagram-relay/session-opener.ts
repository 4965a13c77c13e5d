import { DecodeError, GlobalLimit, type PeerAddress } from 'beaconry';
import { readWord } from './data-codec.js';
import { JoinMaker } from './join-maker.js';
import type { LegForwarder } from './leg-forwarder.js';
import { LegKind, type LegTable } from './leg-table.js';
import { DIRECT, NOTHING } from './opening.js';
import { Openings } from './openings.js';
import { PeerLinks } from './peer-links.js';
import type { Registrations } from './registrations.js';
import * as codec from './relay-codec.js';
import { Lead, Refusal } from './relay-codec.js';
import type { HandshakeCounters, RelayEngineOptions } from './relay-engine-options.js';
import * as keys from './relay-keys.js';
import { Refusing, TicketJudge } from './ticket-judge.js';
import { TicketQuota } from './ticket-quota.js';

/**
 * JOINs that are unsealed to see whether a relay sent them, which its spoofed address does not show. Signature work is
 * paid for only after that: spoofed JOINs leave it to clients and servers.
 */
const SEALS_PER_SECOND = 5000;

/** What sessions are opened in. */
export interface OpenerParts {
  readonly legs: LegTable;
  readonly forwarder: LegForwarder;
  readonly registrations: Registrations;
  readonly handshakes: HandshakeCounters;
  /** Signature work that is left for strangers and for relays. */
  readonly work: GlobalLimit;
  isShuttingDown(): boolean;
}

/** Opens sessions (OPEN, JOIN, JOIN_OK) and ends them. */
export class SessionOpener {
  readonly links: PeerLinks;
  readonly #judge: TicketJudge;
  readonly #joins: JoinMaker;
  readonly #quota: TicketQuota;
  readonly #openings: Openings;
  readonly #seals: GlobalLimit;

  constructor(
    private readonly options: RelayEngineOptions,
    private readonly parts: OpenerParts,
  ) {
    const { legs, forwarder, registrations, handshakes } = parts;
    this.#judge = new TicketJudge(options.dev);
    this.#joins = new JoinMaker(options, legs, registrations);
    this.#quota = new TicketQuota(options.clock);
    this.#seals = new GlobalLimit(options.clock, { perSecond: SEALS_PER_SECOND });
    this.#openings = new Openings({
      send: (bytes, to) => options.send(bytes, to),
      onJoin: () => handshakes.joins++,
    });
    const hasTicket = (row: number) => this.#quota.has(row);
    this.links = new PeerLinks(legs, forwarder, () => this.#unix(), hasTicket);
  }

  /** Whether a row still waits for JOIN_OK. */
  isJoining(row: number): boolean {
    return this.#openings.joining(row) !== undefined;
  }

  sweep(now: number): void {
    this.#openings.sweep(now);
  }

  /** An OPEN whose cookie is right and whose address has paid. */
  open(bytes: Uint8Array, from: PeerAddress): void {
    const { key, send, clock } = this.options;
    const open = codec.decodeOpen(bytes);
    if (!keys.sameBytes(open.relayKey, key.publicKey)) return;
    const name = Buffer.from(open.random).toString('base64');
    const known = this.#openings.find(name);
    if (known !== undefined && keys.sameBytes(known.hash, open.hash)) {
      this.#openings.again(known, from);
      return;
    }
    const refuse = (code: number, text: string) =>
      codec.encodeRefused({ clientId: open.clientId, code, text });
    if (!this.parts.work.take()) {
      this.parts.handshakes.limited++;
      return;
    }
    try {
      if (this.parts.isShuttingDown()) {
        throw new Refusing(Refusal.shutdown, 'this relay is shutting down');
      }
      const part = codec.decodeEndPart(open.endPart);
      const { certificates } = this.options.network();
      const now = this.#unix();
      const ticket = open.peerToPeer
        ? undefined
        : this.#judge.ticket(open.ticket, certificates, part, from, now);
      const { certificate, signature, frontHash, endPart } = open;
      this.#judge.client(certificate, signature, frontHash, endPart, part, certificates, now);
      if (known !== undefined) throw new Refusing(Refusal.replay, 'OPEN was played back');
      if (this.#openings.isFull) throw new Refusing(Refusal.busy, 'relay is full');
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
      const row = this.#joins.addLeg(LegKind.client, open.clientId | 0, from);
      this.parts.legs.setKeys(row, hop.forward, hop.back);
      const id = (this.parts.legs.ids[row] as number) >>> 0;
      const opening = { hash: open.hash, from: from.copy(), at: clock.monotonic(), row, refuse };
      if (ticket === undefined) {
        const reply = openOk(id, 0, NOTHING, this.links.token(row));
        this.#openings.add(name, { ...opening, ...DIRECT, reply });
        this.parts.handshakes.opened++;
        send(reply, from);
        return;
      }
      try {
        for (const old of this.#quota.take(open.ticket, row)) this.end(old, 0);
        const answer = (ok: codec.JoinOk) => openOk(id, ticket.expiresAt, ok, codec.NO_BYTES);
        const content = { frontHash, endPart, certificate, signature, expiry: ticket.expiresAt };
        const next =
          open.next === undefined
            ? this.#joins.toServer(row, content, ticket)
            : this.#joins.toRelay(row, content, open.next, open.ticket);
        this.#openings.begin(name, { ...opening, ...next, answer, reply: undefined });
      } catch (error) {
        this.end(row, 0);
        throw error;
      }
    } catch (error) {
      if (error instanceof DecodeError) return;
      if (!(error instanceof Refusing)) throw error;
      this.parts.handshakes.refused++;
      send(refuse(error.code, error.message), from);
    }
  }

  /** A JOIN of another relay: this one is the nearer to the server. */
  join(bytes: Uint8Array, from: PeerAddress): void {
    const { network, send, clock } = this.options;
    if (!this.#seals.take()) return;
    const opened = this.#joins.fromRelay(bytes, from);
    if (opened === undefined) return;
    const { join, okKey } = opened;
    const name = `relay ${Buffer.from(join.hopSecret).toString('base64')}`;
    const known = this.#openings.find(name);
    if (known !== undefined) {
      this.#openings.again(known, from);
      return;
    }
    if (!this.parts.work.take()) {
      this.parts.handshakes.limited++;
      return;
    }
    const seal = (ok: codec.JoinOk) =>
      keys.seal(Lead.joinOk, join.senderId, okKey, codec.encodeJoinOk(ok));
    const refuse = (code: number) => seal({ ...NOTHING, code });
    try {
      if (this.parts.isShuttingDown()) throw new Refusing(Refusal.shutdown, 'shutting down');
      if (this.#openings.isFull) throw new Refusing(Refusal.busy, 'relay is full');
      const part = codec.decodeEndPart(join.endPart);
      const now = this.#unix();
      const { certificates } = network();
      const ticket = this.#judge.ticket(join.ticket, certificates, part, undefined, now);
      const { certificate, signature, frontHash, endPart } = join;
      this.#judge.client(certificate, signature, frontHash, endPart, part, certificates, now);
      const hop = keys.joinedHopKeys(join.hopSecret);
      const row = this.#joins.addLeg(LegKind.fixed, join.senderId | 0, from);
      this.parts.legs.setKeys(row, hop.forward, hop.back);
      try {
        const content = { frontHash, endPart, certificate, signature, expiry: ticket.expiresAt };
        const next = this.#joins.toServer(row, content, ticket);
        const ownId = (this.parts.legs.ids[row] as number) >>> 0;
        const answer = (ok: codec.JoinOk) => seal({ ...ok, ownId });
        const at = clock.monotonic();
        const opening = { hash: join.hopSecret, from: from.copy(), at, row, refuse };
        this.#openings.begin(name, { ...opening, ...next, answer, reply: undefined });
      } catch (error) {
        // The refusal says it; a close of the leg would come before it.
        this.#forget(row);
        throw error;
      }
    } catch (error) {
      if (!(error instanceof Refusing)) throw error;
      this.parts.handshakes.refused++;
      send(refuse(error.code), from);
    }
  }

  joinOk(bytes: Uint8Array, from: PeerAddress): void {
    if (bytes.length < 34) return;
    const row = this.parts.legs.find(readWord(bytes, 2));
    const opening = this.#openings.joining(row);
    if (row < 0 || opening?.okKey === undefined || !this.parts.legs.isAt(row, from)) return;
    const ok = codec.decodeJoinOk(keys.unseal(bytes, Lead.joinOk, opening.okKey));
    this.#openings.joined(row);
    if (ok.code !== 0) {
      opening.reply = opening.refuse(ok.code, 'the server or the relay before it refused');
      this.parts.handshakes.refused++;
      this.#forget(opening.row);
      this.#forget(row);
    } else {
      this.parts.legs.peerIds[row] = ok.ownId | 0;
      this.parts.legs.others[row] = opening.row;
      this.parts.legs.others[opening.row] = row;
      opening.reply = opening.answer(ok);
      this.parts.handshakes.opened++;
    }
    this.options.send(opening.reply, opening.from);
  }

  /** Ends a leg and the one it is joined with; both neighbours are told. */
  end(row: number, code: number): void {
    const other = this.parts.legs.others[row] as number;
    for (const one of other >= 0 && this.parts.legs.others[other] === row ? [row, other] : [row]) {
      if (this.parts.legs.kind[one] === LegKind.free) continue;
      if (this.parts.legs.peerIds[one] !== 0)
        this.parts.forwarder.sendControl(one, { type: 'close', code });
      this.#forget(one);
    }
    // A way to the server that is not joined yet points here, and nobody points back.
    for (const next of this.#openings.ahead(row)) this.#forget(next);
  }

  #forget(row: number): void {
    this.#openings.joined(row);
    this.links.forget(row);
    this.parts.forwarder.removed(row);
    this.parts.legs.remove(row);
    this.#quota.forget(row);
  }

  #unix(): number {
    return Math.floor(this.options.clock.now() / 1000);
  }
}
