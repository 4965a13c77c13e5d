import { DecodeError, type PeerAddress } from 'beaconry';
import type { ConnectionListener } from '../agent/connection.js';
import { ConnectionLife } from '../agent/connection-life.js';
import { ConnectionState, EndReason } from '../agent/connection-state.js';
import { type RealTimeStatus, realTimeStatus, TrafficFigures } from '../agent/traffic-figures.js';
import { decodePlainData, encodePlain, encodePlainData, PlainLead } from './plain-udp-codec.js';
import { openPacket, type PacketKeys, sealPacket } from './plain-udp-keys.js';
import { expand } from './snp-codec.js';
import { SnpSession } from './snp-session.js';

export interface PlainConnectionOptions {
  /** Connection id with which this side receives. */
  readonly id: number;
  readonly isClient: boolean;
  readonly address: PeerAddress;
  now(): number;
  send(bytes: Uint8Array): void;
}

export interface AgreedSession {
  readonly identity: string;
  readonly farId: number;
  readonly out: PacketKeys;
  readonly incoming: PacketKeys;
}

const ALIVE_EVERY = 2_000;

/** A connection over plain UDP (sdr section 16): messages between two addresses, without relays. */
export class PlainUdpConnection extends ConnectionLife {
  #session: AgreedSession | undefined;
  #lastSent = Number.NEGATIVE_INFINITY;
  readonly #messages: SnpSession;
  readonly #traffic: TrafficFigures;
  listener: Pick<ConnectionListener, 'onState' | 'onMessage'> = {};

  constructor(readonly options: PlainConnectionOptions) {
    super(options.now());
    this.#traffic = new TrafficFigures(options.now());
    this.#messages = new SnpSession(
      (number, plain) => this.#transmit(number, plain),
      (bytes, reliable) => this.listener.onMessage?.(bytes, reliable, 0),
    );
  }

  /** Identity of the far side; undefined until it is proven. */
  get remote(): string | undefined {
    return this.#session?.identity;
  }
  get farId(): number {
    return this.#session?.farId ?? 0;
  }
  /** Milliseconds round trip. */
  get ping(): number {
    return this.#messages.rtt;
  }
  get realTimeStatus(): RealTimeStatus {
    const { pendingReliable, unacknowledgedReliable } = this.#messages;
    const messages = { pendingReliable, unacknowledgedReliable };
    const { state, ping } = this;
    return realTimeStatus(this.#traffic.rates, { state, ping, ...messages }, undefined);
  }

  /** See `SnpSession.limitReceived`; what is longer ends the connection. */
  limitReceived(bytes: number | undefined): void {
    this.#messages.limitReceived(bytes);
  }

  begin(session: AgreedSession): void {
    this.#session = session;
    this.heard(this.options.now());
    this.setState(ConnectionState.connected);
  }

  /** False: not connected, or an unreliable message past 32 KiB. Codes of `SnpSession.sendReliable`. */
  sendMessage(bytes: Uint8Array, { reliable = false } = {}): boolean {
    if (this.state !== ConnectionState.connected) return false;
    const now = this.options.now();
    if (!reliable) return this.#messages.sendUnreliable(bytes, now);
    this.#messages.sendReliable(bytes, now);
    return true;
  }

  close(reason: number = EndReason.application, text = ''): void {
    if (!this.isOpen) return;
    const debug = Buffer.from(text).subarray(0, 127).toString();
    this.options.send(
      encodePlain(PlainLead.connectionClosed, {
        debug,
        reasonCode: reason,
        toConnectionId: this.farId >>> 0,
        fromConnectionId: this.options.id >>> 0,
      }),
    );
    this.fail(reason, text);
  }

  /** A data packet from the address of the far side. */
  receive(bytes: Uint8Array): void {
    const session = this.#session;
    if (session === undefined || !this.isOpen) return;
    const now = this.options.now();
    const packet = decodePlainData(bytes);
    const number = expand(packet.number, 16, this.#messages.newestReceived);
    const plain = this.#messages.isFresh(number)
      ? openPacket(session.incoming, number, packet.sealed)
      : undefined;
    if (plain === undefined) {
      this.stats.rejected++;
      return;
    }
    this.stats.received++;
    this.#traffic.received(bytes.length, number);
    this.heard(now);
    try {
      this.#messages.receive(number, plain, packet.hasStats, now);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.close(EndReason.internal, error.message);
    }
  }

  /** To be called about every 100 ms. */
  tick(): void {
    if (this.state !== ConnectionState.connected) return;
    const now = this.options.now();
    if (this.failWhenSilent(now)) return;
    this.#messages.tick(now);
    this.#traffic.tick(now);
    if (now - this.#lastSent >= ALIVE_EVERY) this.#messages.alive(now);
  }

  #transmit(number: number, plain: Uint8Array): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#lastSent = this.options.now();
    this.stats.sent++;
    const sealed = sealPacket(session.out, number, plain);
    const bytes = encodePlainData(session.farId, number, sealed);
    this.#traffic.sent(bytes.length);
    this.options.send(bytes);
  }
}
