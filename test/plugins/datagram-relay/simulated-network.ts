import { PeerAddress } from 'beaconry';
import type { FakeClock } from 'beaconry/testing';
import type { OpenAgentSocket } from '../../../plugins/datagram-relay/agent/agent-socket.js';

type Receiver = (bytes: Uint8Array, from: PeerAddress) => void;

export interface Passing {
  readonly from: string;
  readonly to: string;
  readonly bytes: Uint8Array;
}

/** Hosts in memory: datagrams take a delay between hosts, and a test may drop, change or watch them. */
export class SimulatedNetwork {
  readonly #hosts = new Map<string, Receiver>();
  readonly #delays = new Map<string, number>();
  /** All that passed, when `capture` is on. */
  readonly captured: Passing[] = [];
  capture = false;
  /** Asked for each datagram; false loses it. */
  passes: (passing: Passing) => boolean = () => true;

  constructor(private readonly clock: FakeClock) {}

  attach(address: string, receive: Receiver): void {
    this.#hosts.set(address, receive);
  }
  detach(address: string): void {
    this.#hosts.delete(address);
  }

  /** Milliseconds one way between two hosts (without ports), both directions. */
  delay(one: string, other: string, ms: number): void {
    this.#delays.set(`${one} ${other}`, ms);
    this.#delays.set(`${other} ${one}`, ms);
  }

  send(bytes: Uint8Array, from: string, to: PeerAddress): void {
    const target = to.toString();
    const passing = { from, to: target, bytes: new Uint8Array(bytes) };
    if (this.capture) this.captured.push({ ...passing, bytes: new Uint8Array(bytes) });
    if (!this.passes(passing)) return;
    const fromHost = from.replace(/:\d+$/, '');
    const delay = this.#delays.get(`${fromHost} ${to.host}`) ?? 1;
    const sender = PeerAddress.parse(from) as PeerAddress;
    this.clock.after(delay, () => this.#hosts.get(target)?.(passing.bytes, sender));
  }

  /** Hands a datagram over at once, past everything. */
  deliver(bytes: Uint8Array, from: PeerAddress, to: PeerAddress): void {
    this.#hosts.get(to.toString())?.(bytes, from);
  }

  /** Sockets of one host; `move` gives them another address while they are open. */
  host(address: string): { readonly open: OpenAgentSocket; move(to: string): void } {
    let own = address;
    let receiver: Receiver | undefined;
    let port = 0;
    const name = () => `${own}:${port}`;
    return {
      open: async (onDatagram, options = {}) => {
        port = options.port ?? 0;
        if (port === 0) port = 50000 + this.#hosts.size;
        receiver = onDatagram;
        this.attach(name(), onDatagram);
        return {
          port,
          send: (bytes, to) => this.send(bytes, name(), to),
          close: async () => this.detach(name()),
        };
      },
      move: (to) => {
        this.detach(name());
        own = to;
        if (receiver !== undefined) this.attach(name(), receiver);
      },
    };
  }
}
