import { ServerError } from '../errors.js';
import type { Connection, TcpEndpoint } from './connection.js';
import type { DatagramHandler, DatagramRoute, UdpEndpoint } from './datagram.js';
import type { PeerAddress } from './peer-address.js';
import type { TcpListener } from './tcp-listener.js';
import type { UdpListener } from './udp-listener.js';

/** What one plugin holds of its UDP endpoints: whatever it attaches is undone when it unloads. */
export class PluginUdpEndpoint implements UdpEndpoint {
  constructor(
    private readonly owner: string,
    private readonly listeners: readonly UdpListener[],
    private readonly defer: (undo: () => void) => void,
  ) {}

  get names(): readonly string[] {
    return this.listeners.map(({ name }) => name);
  }

  get addresses(): readonly PeerAddress[] {
    return this.listeners.flatMap(({ addresses }) => addresses);
  }

  get isShared(): boolean {
    return this.listeners.every((listener) => listener.isShared);
  }

  onDatagram(prefix: string | Uint8Array, route: DatagramHandler | DatagramRoute): void {
    const bytes = typeof prefix === 'string' ? Buffer.from(prefix, 'latin1') : prefix;
    for (const listener of this.listeners) this.defer(listener.attach(this.owner, bytes, route));
  }

  send(bytes: Uint8Array, to: PeerAddress): void {
    this.listeners[0]?.send(bytes, to);
  }

  carry(
    transmit: (bytes: Uint8Array, to: PeerAddress) => void,
  ): (bytes: Uint8Array, from: PeerAddress) => boolean {
    for (const listener of this.listeners) this.defer(listener.carry(this.owner, transmit));
    return (bytes, from) => this.listeners.some((listener) => listener.receive(bytes, from));
  }
}

/** What one plugin holds of its TCP endpoints. */
export class PluginTcpEndpoint implements TcpEndpoint {
  constructor(
    private readonly owner: string,
    private readonly listeners: readonly TcpListener[],
    private readonly defer: (undo: () => void) => void,
  ) {}

  get names(): readonly string[] {
    return this.listeners.map(({ name }) => name);
  }

  get hosts(): readonly string[] {
    return this.listeners.flatMap(({ hosts }) => hosts);
  }

  get addresses(): readonly PeerAddress[] {
    return this.listeners.flatMap(({ addresses }) => addresses);
  }

  onConnection(handler: (connection: Connection) => void): void {
    for (const listener of this.listeners) this.defer(listener.take(this.owner, handler));
  }
}

/** Finds endpoints by name, or says which ones there are. */
export function findEndpoints<T>(
  kind: string,
  known: ReadonlyMap<string, T>,
  wanted: string | readonly string[],
): T[] {
  const names = typeof wanted === 'string' ? [wanted] : wanted;
  return names.map((name) => {
    const endpoint = known.get(name);
    if (endpoint !== undefined) return endpoint;
    throw new ServerError(
      'NO_ENDPOINT',
      `no ${kind} endpoint is called "${name}" (there are: ${[...known.keys()].join(', ') || 'none'}); ` +
        `add it under "endpoints" in the configuration`,
    );
  });
}
