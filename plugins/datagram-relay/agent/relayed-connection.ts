import { DecodeError } from 'beaconry';
import { FLAG_CONTROL, FLAG_FRAGMENT } from '../data-codec.js';
import {
  type AgentControl,
  decodeAgentControl,
  encodeAgentControl,
} from './agent-control-codec.js';
import { Connection, type ConnectionFacts, type SendOptions } from './connection.js';
import { ConnectionState, EndReason } from './connection-state.js';
import type { EndToEnd } from './end-to-end.js';
import { Fragments, MAX_WHOLE } from './fragments.js';
import type { Path } from './path.js';
import { ReliableMessages } from './reliable-messages.js';

const MESSAGE_PORT = 0xffff;

/** A connection over relays, or by a way that was found without: encryption, paths, datagrams and messages. */
export class RelayedConnection extends Connection {
  readonly #paths: Path[] = [];
  #primary: Path | undefined;
  #newestNumber = 0;
  readonly #fragments = new Fragments();
  readonly #reliable: ReliableMessages;
  #ends: EndToEnd | undefined;
  #ports: readonly (number | undefined)[];

  constructor(
    facts: ConnectionFacts,
    private readonly now: () => number,
  ) {
    super(facts, now());
    this.#ports = facts.ports;
    this.#reliable = new ReliableMessages(
      (control) => this.#sendControl(control),
      (bytes) => this.listener.onMessage?.(bytes, true),
    );
  }

  get paths(): readonly Path[] {
    return this.#paths;
  }
  get primary(): Path | undefined {
    return this.#primary;
  }
  get way(): readonly string[] {
    return this.#primary?.relays ?? [];
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

  send(port: number, bytes: Uint8Array): boolean {
    const index = this.#ports.indexOf(port);
    if (index < 0 || this.state !== ConnectionState.connected) return false;
    return this.#sendDatagram(index, bytes);
  }

  sendAt(index: number, bytes: Uint8Array): boolean {
    if (this.#ports[index] === undefined || this.state !== ConnectionState.connected) return false;
    return this.#sendDatagram(index, bytes);
  }

  sendMessage(bytes: Uint8Array, { reliable = false }: SendOptions = {}): boolean {
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

  /** Ends without telling the far agent; relays on the way are told. */
  override fail(reason: number, text: string, state?: ConnectionState): void {
    if (!this.isOpen) return;
    for (const { hop } of this.#paths) hop.sendControl({ type: 'close', code: 0 });
    super.fail(reason, text, state);
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
    this.heard(now);
    path.unanswered = 0;
    if ((opened.flags & FLAG_CONTROL) !== 0) {
      this.#control(path, number, opened.payload);
      return;
    }
    this.#attract(path, number);
    const whole =
      (opened.flags & FLAG_FRAGMENT) === 0
        ? opened.payload
        : this.#fragments.join(opened.payload, now);
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
    if (!this.isOpen || this.failWhenSilent(now)) return;
    if (this.facts.isClient) {
      for (const path of this.#paths) {
        if (now - path.pingedAt >= (path === this.#primary ? 400 : 1000)) this.ping1(path);
      }
    }
    this.#reliable.tick(now, this.#primary?.rtt ?? 200);
    this.#fragments.sweep(now);
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
    const parts = this.#fragments.cut(bytes);
    return parts?.every((part) => this.#transmit(FLAG_FRAGMENT, index, part)) ?? false;
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
        path.answered++;
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
