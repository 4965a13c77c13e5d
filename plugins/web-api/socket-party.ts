import type { SignalLog } from './signal-log.js';

/** A datagram that goes through the game's own socket. */
export interface SharedPacket {
  /** IPv4 address as a number in host order. */
  readonly ip: number;
  readonly port: number;
  readonly bytes: Uint8Array;
}

/** Who is behind a socket of `/v1/ws`: a game server or a player. */
export interface SocketParty {
  readonly signals: SignalLog;
  /** Sockets it holds; while there is one it does not expire. */
  sockets: number;
  touch(): void;
  /** The answer, or an HttpError or ServerError that says why there is none. */
  call(name: string, args: unknown): unknown;
  /** A packet of its socket. */
  receive?(packet: SharedPacket): void;
  nextPacket?(): SharedPacket | undefined;
  /** Called when the party is over; the returned function ends it. */
  onEnd(listener: () => void): () => void;
  /** Called when packets may wait to be sent. */
  onPackets?(listener: () => void): () => void;
}
