import type { PeerAddress } from 'beaconry';
import { type JoinOk, NO_BYTES } from './relay-codec.js';

/** A session that is being opened, and later its answer, until nobody can ask again with the same cookie. */
export interface Opening {
  readonly hash: Uint8Array;
  readonly from: PeerAddress;
  readonly at: number;
  /** Row towards whoever asked, and towards where it leads. */
  readonly row: number;
  readonly nextRow: number;
  readonly join: Uint8Array | undefined;
  readonly joinTo: PeerAddress | undefined;
  readonly okKey: Uint8Array | undefined;
  /** Makes the answer out of the one from ahead. */
  readonly answer: (ok: JoinOk) => Uint8Array;
  /** Says why not. */
  readonly refuse: (code: number, text: string) => Uint8Array;
  reply: Uint8Array | undefined;
}

export const NOTHING: JoinOk = {
  code: 0,
  ownId: 0,
  serverPart: NO_BYTES,
  certificate: NO_BYTES,
  signature: new Uint8Array(64),
};
/** Of a leg that leads to a peer: there is no way ahead. */
export const DIRECT = {
  nextRow: -1,
  join: undefined,
  joinTo: undefined,
  okKey: undefined,
  answer: () => NO_BYTES,
};
