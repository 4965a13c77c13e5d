import { type Clock, DecodeError } from 'beaconry';
import { FLAG_CONTROL, FLAG_FRAGMENT } from '../data-codec.js';
import {
  type AgentControl,
  decodeAgentControl,
  encodeAgentControl,
} from './agent-control-codec.js';
import { Connection, type ConnectionFacts, type SendOptions } from './connection.js';
import { ConnectionMessages } from './connection-messages.js';
import { ConnectionState, EndReason } from './connection-state.js';
import type { EndToEnd } from './end-to-end.js';
import { Fragments, MAX_WHOLE } from './fragments.js';
import type { LaneOptions } from './message-lanes.js';
import type { Path } from './path.js';
import { PathSet } from './path-set.js';
import { type RealTimeStatus, realTimeStatus, TrafficFigures } from './traffic-figures.js';

const MESSAGE_PORT = 0xffff;

/** A connection over relays, or by a way that was found without: encryption, paths, datagrams and messages. */
export class RelayedConnection extends Connection {
  readonly #paths = new PathSet();
  readonly #fragments = new Fragments();
  readonly #messages: ConnectionMessages;
  readonly #traffic: TrafficFigures;
  #remoteQuality: number | undefined;
  #ends: EndToEnd | undefined;
  #ports: readonly (number | undefined)[];

  constructor(
    facts: ConnectionFacts,
    private readonly clock: Pick<Clock, 'monotonic' | 'after'>,
  ) {
    super(facts, clock.monotonic());
    this.#ports = facts.ports;
    this.#traffic = new TrafficFigures(clock.monotonic());
    this.#messages = new ConnectionMessages(clock, {
      control: (control) => this.#sendControl(control),
      unreliable: (bytes) => this.#sendDatagram(MESSAGE_PORT, bytes),
      overrun: () => this.close(EndReason.exception, 'too many messages are begun'),
      deliver: (bytes, reliable, lane) => this.listener.onMessage?.(bytes, reliable, lane),
    });
  }

  get paths(): readonly Path[] {
    return this.#paths.all;
  }
  get primary(): Path | undefined {
    return this.#paths.primary;
  }
  get way(): readonly string[] {
    return this.primary?.relays ?? [];
  }
  get ping(): number {
    return this.primary?.rtt ?? -1;
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
    this.#paths.add(path);
    this.setState(ConnectionState.connected);
  }

  removePath(path: Path): void {
    this.#paths.remove(path);
  }

  usePath(path: Path): void {
    if (this.primary === path || !this.paths.includes(path)) return;
    this.#paths.primary = path;
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

  sendMessage(bytes: Uint8Array, options: SendOptions = {}): boolean {
    if (!this.isOpen) return false;
    return this.#messages.send(bytes, options, this.state === ConnectionState.connected);
  }

  flush(): void {
    this.#messages.flush();
  }

  configureLanes(lanes: readonly LaneOptions[]): void {
    this.#messages.configureLanes(lanes);
  }

  get realTimeStatus(): RealTimeStatus {
    const { pendingReliable, unacknowledgedReliable } = this.#messages;
    const { state, ping } = this;
    const messages = { pendingReliable, unacknowledgedReliable };
    return realTimeStatus(this.#traffic.rates, { state, ping, ...messages }, this.#remoteQuality);
  }

  get #now(): number {
    return this.clock.monotonic();
  }

  close(reason: number = EndReason.application, text = ''): void {
    if (!this.isOpen) return;
    this.flush();
    this.#sendControl({ type: 'close', reason, text });
    this.fail(reason, text);
  }

  /** Ends without telling the far agent; relays on the way are told. */
  override fail(reason: number, text: string, state?: ConnectionState): void {
    if (!this.isOpen) return;
    this.#messages.close();
    for (const { hop } of this.paths) hop.sendControl({ type: 'close', code: 0 });
    super.fail(reason, text, state);
  }

  /** A data packet of one of the paths. */
  receive(path: Path, bytes: Uint8Array): void {
    const now = this.#now;
    const number = path.hop.verify(bytes, now);
    const opened = number === undefined ? undefined : this.#ends?.open(bytes, number, now);
    if (number === undefined || opened === undefined || !this.isOpen) {
      this.stats.rejected++;
      return;
    }
    this.stats.received++;
    this.#traffic.received(bytes.length, number);
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
      this.listener.onMessage?.(whole, false, 0);
      return;
    }
    const port = this.#ports[opened.portIndex];
    if (port !== undefined) this.listener.onDatagram?.(port, whole, opened.portIndex);
  }

  /** Pings and resends; to be called about every 100 ms. */
  tick(): void {
    const now = this.#now;
    if (!this.isOpen || this.failWhenSilent(now)) return;
    if (this.facts.isClient) {
      for (const path of this.paths) {
        if (now - path.pingedAt >= (path === this.primary ? 400 : 1000)) this.ping1(path);
      }
    }
    this.#messages.tick(now, this.primary?.rtt ?? 200);
    this.#traffic.tick(now);
    this.#fragments.sweep(now);
  }

  /** One ping on one path. */
  ping1(path: Path): void {
    const now = this.#now;
    path.pinged(now);
    const { quality } = this.#traffic.rates;
    const primary = path === this.primary;
    this.#sendControl({ type: 'ping', primary, time: Math.floor(now) >>> 0, quality }, path);
  }

  #pong(path: Path, time: number): void {
    const { quality } = this.#traffic.rates;
    this.#sendControl({ type: 'pong', time, quality }, path);
  }

  /** The client chooses the way, and the server follows. */
  #attract(path: Path, number: number): void {
    if (!this.facts.isClient) this.#paths.attract(path, number);
  }

  #sendDatagram(index: number, bytes: Uint8Array): boolean {
    if (bytes.length <= MAX_WHOLE) return this.#transmit(0, index, bytes);
    const parts = this.#fragments.cut(bytes);
    return parts?.every((part) => this.#transmit(FLAG_FRAGMENT, index, part)) ?? false;
  }

  #sendControl(control: AgentControl, path = this.primary): void {
    this.#transmit(FLAG_CONTROL, MESSAGE_PORT, encodeAgentControl(control), path);
  }

  #transmit(flags: number, index: number, payload: Uint8Array, path = this.primary): boolean {
    if (path === undefined || this.#ends === undefined) return false;
    const bytes = this.#ends.seal(flags, index, payload, this.#now);
    path.hop.send(bytes, this.#ends.number);
    this.stats.sent++;
    this.#traffic.sent(bytes.length);
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
    this.#obey(path, control);
  }

  #obey(path: Path, control: AgentControl): void {
    switch (control.type) {
      case 'ping':
        this.#remoteQuality = control.quality ?? this.#remoteQuality;
        this.#pong(path, control.time);
        break;
      case 'pong':
        this.#remoteQuality = control.quality ?? this.#remoteQuality;
        path.ponged(control.time, this.#now);
        break;
      case 'close':
        this.fail(control.reason, control.text, ConnectionState.closedByPeer);
        break;
      case 'several':
        for (const one of control.controls) if (this.isOpen) this.#obey(path, one);
        break;
      default:
        this.#messages.take(control);
    }
  }
}
