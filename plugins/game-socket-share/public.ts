import { type PeerAddress, serviceToken } from 'beaconry';

/** A datagram that the game sends through its own socket. */
export interface OutgoingDatagram {
  readonly bytes: Uint8Array;
  readonly to: PeerAddress;
}

/** Answer to `handleIncomingPacket`. */
export interface HandledPacket {
  readonly handled: boolean;
  /** The packet, when it was handled. */
  readonly data?: Uint8Array;
}

/** Answer to `getNextOutgoingPacket`; `length` is 0 when nothing waits. */
export interface OutgoingPacket {
  readonly length: number;
  /** Exactly `length` bytes. */
  readonly out: Uint8Array;
  /** IPv4 address in host order: 127.0.0.1 is 0x7f000001. */
  readonly address: number;
  readonly port: number;
}

/**
 * The endpoint without a socket: a game that owns its UDP socket hands datagrams in and takes out what is to
 * be sent, every frame, since heartbeats wait here without any incoming packet.
 */
export interface GameSocketShare {
  /**
   * Hands a datagram in. True when it was for this program; false leaves it to the game, which may also look
   * at every datagram itself: handing in what is not ours has no effect. Never throws because of the bytes.
   */
  handle(bytes: Uint8Array, from: PeerAddress): boolean;
  /** The next datagram to send, oldest first. */
  next(): OutgoingDatagram | undefined;
  /** Datagrams that wait. */
  readonly waiting: number;
  /** Datagrams that were dropped because nobody took them out, or that did not fit the buffer of the taker. */
  readonly dropped: number;
  /** Forgets what waits; part of logging off. */
  clear(): void;
  /**
   * While `isAdvertised` says no, questions of server browsers and words of masters are ignored. Without it
   * they are always answered. The returned function ends it.
   */
  answerWhile(isAdvertised: () => boolean): () => void;
  /** The same as `handle`, in Steam's words; `ip` is text or a number in host order. */
  handleIncomingPacket(packet: Uint8Array, ip: string | number, port: number): HandledPacket;
  /**
   * The same as `next`, in Steam's words. A datagram longer than the buffer, or to an IPv6 address, which has
   * no number, is dropped whole.
   */
  getNextOutgoingPacket(bufferSize?: number): OutgoingPacket;
}
export const GameSocketShare = serviceToken<GameSocketShare>('GameSocketShare');
