import type { ListBudget } from './list-budget.js';
import type { PeerAddress } from './peer-address.js';

/**
 * One received datagram. What a handler gets is a **reused view**: `bytes` and `from` are valid until
 * the handler returns; `copy()` keeps them for later.
 */
export interface Datagram {
  /** Exactly the payload. */
  readonly bytes: Uint8Array;
  /** The same as `bytes.length`. */
  readonly length: number;
  readonly from: PeerAddress;
  /** The route's `proves` said yes: the sender receives at this address. */
  readonly proven: boolean;
  /**
   * Answers from the socket that received the question. To an unproven sender at most max(9, length)
   * bytes leave; a longer answer is not sent and counted as a violation. The bytes may be reused at once.
   */
  reply(bytes: Uint8Array): void;
  /**
   * Answers an unproven sender with a page of a list, paid from the budget; false when the budget is spent.
   * For protocols whose unmodified clients know no challenge.
   */
  replyFrom(budget: ListBudget, bytes: Uint8Array): boolean;
  /** A datagram of its own that can be kept and answered after the handler returned. */
  copy(): Datagram;
}

/** Gets one datagram; its memory is valid until the handler returns. */
export type DatagramHandler = (datagram: Datagram) => void;

/**
 * How datagrams with one prefix are treated, in this order: shape, proof, bucket of the proven address,
 * handler. Handlers are synchronous.
 */
export interface DatagramRoute {
  /** Cheap check of length and form, before anything else; false drops and counts. */
  shape?(datagram: Datagram): boolean;
  /** Stateless proof that the sender receives at its address, such as a valid challenge. */
  proves?(datagram: Datagram): boolean;
  /** Asked for proven senders only: false drops and counts. Spoofed packets never touch it. */
  allow?(from: PeerAddress): boolean;
  readonly handler: DatagramHandler;
}

/** Bound sockets, as plugins see them. */
export interface UdpEndpoint {
  /** Names of the endpoints behind this one. */
  readonly names: readonly string[];
  /** Bound addresses; known from `ServerStarted` on, when port 0 was replaced by the real one. */
  readonly addresses: readonly PeerAddress[];
  /** All of them are `udp: shared`, without a socket. */
  readonly isShared: boolean;
  /**
   * Takes the datagrams that begin with the prefix (text is Latin-1); the longest prefix wins, the empty one
   * takes the rest. The same prefix twice on one endpoint is an error that names both plugins.
   */
  onDatagram(prefix: string | Uint8Array, route: DatagramHandler | DatagramRoute): void;
  /** Sends from the first socket of the address's family; the bytes may be reused at once. */
  send(bytes: Uint8Array, to: PeerAddress): void;
  /**
   * Takes the place of the socket that a `udp: shared` endpoint does not have. `transmit` gets each datagram
   * that leaves, as a copy; the returned function hands a datagram in and says whether some plugin takes it.
   * Answers have left when it returns. Throws NOT_SHARED for an endpoint with sockets and ENDPOINT_TAKEN
   * when another plugin carries it already.
   */
  carry(
    transmit: (bytes: Uint8Array, to: PeerAddress) => void,
  ): (bytes: Uint8Array, from: PeerAddress) => boolean;
}
