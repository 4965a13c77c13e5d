import { type Clock, messageOf, type PeerAddress } from 'beaconry';
import { fakeIpKind, GLOBAL_PORT, LocalFakeIps } from 'beaconry/plugins/fake-ip';
import type { Connection } from './connection.js';
import { ConnectionState } from './connection-state.js';
import { MAX_DATAGRAM } from './fragments.js';

/** What a port needs that looks like UDP to a game and leads over relays. */
export interface FakeUdpPortOptions {
  readonly clock: Clock;
  /** Who is behind a global FakeIP; undefined: nobody. */
  resolve(
    address: PeerAddress,
  ): Promise<{ readonly identity: string; readonly virtualPort: number } | undefined>;
  /** `connect` of a client agent or a peer agent. */
  connect(identity: string, ports: readonly number[]): Promise<Connection>;
  /** Place of the own global port that others reach; absent: a client port, which nobody can connect to. */
  readonly index?: number;
  readonly localFakeIps?: LocalFakeIps;
  onDatagram(bytes: Uint8Array, from: PeerAddress): void;
  onFailed?(address: PeerAddress, text: string): void;
}

export type SendResult = 'ok' | 'tooLong' | 'notFake' | 'notFound' | 'full';

interface Peer {
  readonly address: PeerAddress;
  connection: Connection | undefined;
  opening: boolean;
  readonly waiting: Uint8Array[];
  usedAt: number;
}

const MAX_PEERS = 1024;
const MAX_WAITING = 64;
const IDLE = 60_000;

/**
 * Looks like a UDP socket: datagrams to FakeIP:port and from there. Peers that connect here come from local
 * FakeIPs, always the same one for the same peer.
 */
export class FakeUdpPort {
  readonly #peers = new Map<string, Peer>();
  readonly #local: LocalFakeIps;
  readonly #stopTimer: () => void;

  constructor(private readonly options: FakeUdpPortOptions) {
    this.#local = options.localFakeIps ?? new LocalFakeIps();
    this.#stopTimer = options.clock.every(1000, () => this.#sweep());
  }

  /** `notFound`: a local address whose peer is gone. Up to 4096 bytes, without promises. */
  sendTo(bytes: Uint8Array, to: PeerAddress): SendResult {
    if (bytes.length > MAX_DATAGRAM) return 'tooLong';
    const kind = fakeIpKind(to);
    if (kind !== 'global' && kind !== 'local') return 'notFake';
    const name = to.toString();
    let peer = this.#peers.get(name);
    if (peer === undefined) {
      if (kind === 'local') return 'notFound';
      if (this.#peers.size >= MAX_PEERS) return 'full';
      peer = this.#add(to.copy());
    }
    peer.usedAt = this.options.clock.monotonic();
    const { connection } = peer;
    if (connection?.state === ConnectionState.connected) {
      connection.sendAt(0, bytes);
      return 'ok';
    }
    while (peer.waiting.length >= MAX_WAITING) peer.waiting.shift();
    peer.waiting.push(new Uint8Array(bytes));
    if (connection === undefined && !peer.opening) void this.#open(peer);
    return 'ok';
  }

  /** For `accept` of an agent: takes connections to the own global port; undefined: it is not one. */
  accept(connection: Connection): boolean | undefined {
    const { index } = this.options;
    if (index === undefined || !connection.facts.ports.includes(GLOBAL_PORT + index))
      return undefined;
    const address = this.#local.addressOf(connection.facts.remote);
    const known = this.#peers.get(address.toString());
    if (known === undefined && this.#peers.size >= MAX_PEERS) return false;
    known?.connection?.close();
    this.#adopt(known ?? this.#add(address), connection);
    return true;
  }

  /** The identity behind an address that sent something here. */
  identityOf(address: PeerAddress): string | undefined {
    return this.#peers.get(address.toString())?.connection?.facts.remote;
  }

  /** A hint that nothing more goes to this address. */
  release(address: PeerAddress): void {
    const peer = this.#peers.get(address.toString());
    if (peer !== undefined) this.#remove(peer);
  }

  close(): void {
    this.#stopTimer();
    for (const peer of [...this.#peers.values()]) this.#remove(peer);
  }

  #add(address: PeerAddress): Peer {
    const usedAt = this.options.clock.monotonic();
    const peer = { address, connection: undefined, opening: false, waiting: [], usedAt };
    this.#peers.set(address.toString(), peer);
    return peer;
  }

  async #open(peer: Peer): Promise<void> {
    peer.opening = true;
    try {
      const owner = await this.options.resolve(peer.address);
      if (owner === undefined) throw new Error(`nobody is at ${peer.address}`);
      const connection = await this.options.connect(owner.identity, [owner.virtualPort]);
      if (this.#peers.get(peer.address.toString()) === peer) this.#adopt(peer, connection);
      else connection.close();
    } catch (error) {
      this.#remove(peer);
      this.options.onFailed?.(peer.address, messageOf(error));
    } finally {
      peer.opening = false;
    }
  }

  #adopt(peer: Peer, connection: Connection): void {
    peer.connection = connection;
    connection.listener = {
      onDatagram: (_port, bytes) => {
        peer.usedAt = this.options.clock.monotonic();
        this.options.onDatagram(bytes, peer.address);
      },
      onState: (state) => {
        if (state === ConnectionState.connected) this.#flush(peer);
        else if (state > ConnectionState.connected && peer.connection === connection) {
          this.#remove(peer);
          const { endReason, endText } = connection;
          if (endReason >= 3000) this.options.onFailed?.(peer.address, `${endReason}: ${endText}`);
        }
      },
    };
    if (connection.state === ConnectionState.connected) this.#flush(peer);
  }

  #flush(peer: Peer): void {
    for (const bytes of peer.waiting.splice(0)) peer.connection?.sendAt(0, bytes);
  }

  #remove(peer: Peer): void {
    const name = peer.address.toString();
    if (this.#peers.get(name) === peer) this.#peers.delete(name);
    const { connection } = peer;
    peer.connection = undefined;
    connection?.close();
  }

  #sweep(): void {
    const now = this.options.clock.monotonic();
    for (const peer of [...this.#peers.values()]) if (now - peer.usedAt > IDLE) this.#remove(peer);
  }
}
