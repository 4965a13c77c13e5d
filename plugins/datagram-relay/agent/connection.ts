import { DecodeError } from 'beaconry';
import { FLAG_CONTROL, FLAG_FRAGMENT, MAX_DATA, MIN_DATA } from '../data-codec.js';
import {
  type AgentControl,
  decodeAgentControl,
  encodeAgentControl,
} from './agent-control-codec.js';
import type { EndToEnd } from './end-to-end.js';
import type { Hop } from './hop.js';
import { ReliableMessages } from './reliable-messages.js';

/** States of a connection, as Steam numbers them (sdr section 15). */
export const ConnectionState = {
  none: 0,
  connecting: 1,
  findingRoute: 2,
  connected: 3,
  closedByPeer: 4,
  problemDetected: 5,
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** Why a connection ended (sdr section 15). */
export const EndReason = {
  application: 1000,
  exception: 2000,
  offline: 3001,
  manyRelaysUnreachable: 3002,
  hostedServerRelay: 3003,
  noNetworkConfig: 3004,
  noRights: 3005,
  remoteTimeout: 4001,
  badCrypto: 4002,
  badCertificate: 4003,
  protocolVersion: 4006,
  generic: 5001,
  internal: 5002,
  timeout: 5003,
  noRelaySession: 5006,
  rendezvous: 5008,
  firewall: 5009,
  noConnection: 5010,
} as const;

/** Datagrams whole in one packet, and with fragments. */
export const MAX_WHOLE = MAX_DATA - MIN_DATA;
export const MAX_DATAGRAM = 4096;
const PART = MAX_WHOLE - 2;
const MESSAGE_PORT = 0xffff;
const TIMEOUT = 10_000;

/** One way to the far agent. */
export class Path {
  rtt = 0;
  /** Pings since the last packet came. */
  unanswered = 0;
  pingedAt = Number.NEGATIVE_INFINITY;
  sent = 0;
  lost = 0;
  draining = false;
  constructor(
    readonly hop: Hop,
    /** Relays of the way, for people and for choosing another one. */
    readonly relays: readonly string[],
    readonly openedAt: number,
  ) {}
}

export interface ConnectionListener {
  onState?(state: ConnectionState): void;
  /** A datagram for a virtual port. */
  onDatagram?(port: number, bytes: Uint8Array, index: number): void;
  /** A message; reliable ones come in order. */
  onMessage?(bytes: Uint8Array, reliable: boolean): void;
}

export interface ConnectionFacts {
  /** Identity of the far side. */
  readonly remote: string;
  /** Names this connection at both ends. */
  readonly name: string;
  readonly isClient: boolean;
  /** Virtual ports by index; what the server does not serve is undefined. */
  readonly ports: readonly (number | undefined)[];
}

interface Fragments {
  readonly parts: (Uint8Array | undefined)[];
  missing: number;
  readonly at: number;
}

/** Agent to agent: encryption, paths, datagrams, messages and the end of it. */
export class Connection {
  #state: ConnectionState = ConnectionState.connecting;
  #endReason = 0;
  #endText = '';
  readonly #paths: Path[] = [];
  #primary: Path | undefined;
  #newestNumber = 0;
  #lastReceived: number;
  #fragmentId = 0;
  readonly #fragments = new Map<number, Fragments>();
  readonly #reliable: ReliableMessages;
  #ends: EndToEnd | undefined;
  #ports: readonly (number | undefined)[];
  listener: ConnectionListener = {};
  /** Told once when the connection is over. */
  onEnded: (() => void) | undefined;
  readonly stats = { sent: 0, received: 0, rejected: 0 };

  constructor(
    readonly facts: ConnectionFacts,
    private readonly now: () => number,
  ) {
    this.#lastReceived = now();
    this.#ports = facts.ports;
    this.#reliable = new ReliableMessages(
      (control) => this.#sendControl(control),
      (bytes) => this.listener.onMessage?.(bytes, true),
    );
  }

  get state(): ConnectionState {
    return this.#state;
  }
  get endReason(): number {
    return this.#endReason;
  }
  get endText(): string {
    return this.#endText;
  }
  get isOpen(): boolean {
    return this.#state <= ConnectionState.connected;
  }
  get paths(): readonly Path[] {
    return this.#paths;
  }
  get primary(): Path | undefined {
    return this.#primary;
  }
  /** Milliseconds round trip on the path in use. */
  get ping(): number {
    return this.#primary?.rtt ?? -1;
  }
  get hasKeys(): boolean {
    return this.#ends !== undefined;
  }

  /** The handshake is done. */
  begin(ends: EndToEnd, ports: readonly (number | undefined)[]): void {
    this.#ends = ends;
    this.#ports = ports;
  }

  addPath(path: Path): void {
    this.#paths.push(path);
    if (this.#primary === undefined) this.#primary = path;
    this.setState(ConnectionState.connected);
  }

  removePath(path: Path): void {
    const at = this.#paths.indexOf(path);
    if (at >= 0) this.#paths.splice(at, 1);
    if (this.#primary === path) this.#primary = this.#paths[0];
  }

  usePath(path: Path): void {
    if (this.#primary === path || !this.#paths.includes(path)) return;
    this.#primary = path;
    this.ping1(path);
  }

  setState(state: ConnectionState): void {
    if (this.#state === state || !this.isOpen) return;
    this.#state = state;
    this.listener.onState?.(state);
    if (state > ConnectionState.connected) this.onEnded?.();
  }

  /** A datagram to a virtual port; false: not connected, no such port, or longer than 4096 bytes. */
  send(port: number, bytes: Uint8Array): boolean {
    const index = this.#ports.indexOf(port);
    if (index < 0 || this.#state !== ConnectionState.connected) return false;
    return this.#sendDatagram(index, bytes);
  }

  /** The same by place in the port table, which may name a port several times. */
  sendAt(index: number, bytes: Uint8Array): boolean {
    if (this.#ports[index] === undefined || this.#state !== ConnectionState.connected) return false;
    return this.#sendDatagram(index, bytes);
  }

  /** A message without promises, or one that arrives once and in order. */
  sendMessage(bytes: Uint8Array, { reliable = false } = {}): boolean {
    if (!this.isOpen) return false;
    if (!reliable) return this.#sendDatagram(MESSAGE_PORT, bytes);
    this.#reliable.push(bytes, this.now());
    return true;
  }

  close(reason: number = EndReason.application, text = ''): void {
    if (!this.isOpen) return;
    this.#sendControl({ type: 'close', reason, text });
    this.fail(reason, text);
  }

  /** Ends without telling the far side. */
  fail(
    reason: number,
    text: string,
    state: ConnectionState = ConnectionState.problemDetected,
  ): void {
    if (!this.isOpen) return;
    this.#endReason = reason;
    this.#endText = text;
    for (const { hop } of this.#paths) hop.sendControl({ type: 'close', code: 0 });
    this.setState(state);
  }

  /** A data packet of one of the paths. */
  receive(path: Path, bytes: Uint8Array): void {
    const now = this.now();
    const number = path.hop.verify(bytes, now);
    const opened = number === undefined ? undefined : this.#ends?.open(bytes, number, now);
    if (number === undefined || opened === undefined || !this.isOpen) {
      this.stats.rejected++;
      return;
    }
    this.stats.received++;
    this.#lastReceived = now;
    path.unanswered = 0;
    if ((opened.flags & FLAG_CONTROL) !== 0) {
      this.#control(path, number, opened.payload);
      return;
    }
    this.#attract(path, number);
    const whole =
      (opened.flags & FLAG_FRAGMENT) === 0 ? opened.payload : this.#assemble(opened.payload, now);
    if (whole === undefined) return;
    if (opened.portIndex === MESSAGE_PORT) {
      this.listener.onMessage?.(whole, false);
      return;
    }
    const port = this.#ports[opened.portIndex];
    if (port !== undefined) this.listener.onDatagram?.(port, whole, opened.portIndex);
  }

  /** Pings and resends; to be called about every 100 ms. */
  tick(): void {
    const now = this.now();
    if (!this.isOpen) return;
    if (now - this.#lastReceived > TIMEOUT) {
      this.fail(EndReason.timeout, 'nothing came from the other side for 10 s');
      return;
    }
    if (this.facts.isClient) {
      for (const path of this.#paths) {
        if (now - path.pingedAt >= (path === this.#primary ? 400 : 1000)) this.ping1(path);
      }
    }
    this.#reliable.tick(now, this.#primary?.rtt ?? 200);
    for (const [id, { at }] of this.#fragments) if (now - at > 1000) this.#fragments.delete(id);
  }

  /** One ping on one path. */
  ping1(path: Path): void {
    const now = this.now();
    path.pingedAt = now;
    path.unanswered++;
    path.sent++;
    this.#sendControl(
      { type: 'ping', primary: path === this.#primary, time: Math.floor(now) >>> 0 },
      path,
    );
  }

  /** The far agent is answered where its newest packet came from. */
  #attract(path: Path, number: number): void {
    if (this.facts.isClient || number <= this.#newestNumber) return;
    this.#newestNumber = number;
    this.#primary = path;
  }

  #sendDatagram(index: number, bytes: Uint8Array): boolean {
    if (bytes.length <= MAX_WHOLE) return this.#transmit(0, index, bytes);
    if (bytes.length > MAX_DATAGRAM) return false;
    const count = Math.ceil(bytes.length / PART);
    this.#fragmentId = (this.#fragmentId + 1) & 255;
    for (let i = 0; i < count; i++) {
      const slice = bytes.subarray(i * PART, (i + 1) * PART);
      const part = new Uint8Array(slice.length + 2);
      part[0] = this.#fragmentId;
      part[1] = (i << 4) | count;
      part.set(slice, 2);
      if (!this.#transmit(FLAG_FRAGMENT, index, part)) return false;
    }
    return true;
  }

  #assemble(bytes: Uint8Array, now: number): Uint8Array | undefined {
    const [id = 0, place = 0] = bytes;
    const index = place >> 4;
    const count = place & 15;
    if (bytes.length < 2 || count < 2 || count > 4 || index >= count) return undefined;
    let known = this.#fragments.get(id);
    if (known === undefined || known.parts.length !== count || now - known.at > 1000) {
      if (this.#fragments.size >= 16) {
        this.#fragments.delete(this.#fragments.keys().next().value as number);
      }
      known = { parts: new Array(count).fill(undefined), missing: count, at: now };
      this.#fragments.set(id, known);
    }
    if (known.parts[index] === undefined) known.missing--;
    known.parts[index] = bytes.slice(2);
    if (known.missing > 0) return undefined;
    this.#fragments.delete(id);
    return new Uint8Array(Buffer.concat(known.parts as Uint8Array[]));
  }

  #sendControl(control: AgentControl, path = this.#primary): void {
    this.#transmit(FLAG_CONTROL, MESSAGE_PORT, encodeAgentControl(control), path);
  }

  #transmit(flags: number, index: number, payload: Uint8Array, path = this.#primary): boolean {
    if (path === undefined || this.#ends === undefined) return false;
    const bytes = this.#ends.seal(flags, index, payload, this.now());
    path.hop.send(bytes, this.#ends.number);
    this.stats.sent++;
    return true;
  }

  #control(path: Path, number: number, payload: Uint8Array): void {
    let control: AgentControl;
    try {
      control = decodeAgentControl(payload);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.stats.rejected++;
      return;
    }
    if (control.type !== 'ping' || control.primary) this.#attract(path, number);
    switch (control.type) {
      case 'ping':
        this.#sendControl({ type: 'pong', time: control.time }, path);
        break;
      case 'pong': {
        const rtt = (Math.floor(this.now()) - control.time) >>> 0;
        if (rtt < 10_000) path.rtt = path.rtt === 0 ? rtt : path.rtt * 0.75 + rtt * 0.25;
        break;
      }
      case 'close':
        this.fail(control.reason, control.text, ConnectionState.closedByPeer);
        break;
      case 'segment':
        this.#reliable.segment(control);
        break;
      case 'acknowledge':
        this.#reliable.acknowledged(control, this.now());
    }
  }
}
