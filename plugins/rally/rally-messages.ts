/** First bytes of every datagram: `RLY1`. */
export const PREFIX = Uint8Array.of(0x52, 0x4c, 0x59, 0x31);
export const PROTOCOL = 1;

/** docs/rally-protocol.md: the type byte after the prefix. */
export const MessageType = {
  hello: 1,
  join: 2,
  clock: 3,
  position: 4,
  passage: 5,
  leave: 6,
  cookie: 65,
  welcome: 66,
  refused: 67,
  clockReply: 68,
  passageReply: 69,
  orders: 70,
  cars: 71,
} as const;

export interface Join {
  readonly cookie: number;
  readonly protocol: number;
  readonly steamId: bigint;
  readonly number: number;
  /** 8 bytes each, as hex. */
  readonly carsHash: string;
  readonly roadbookHash: string;
  readonly gameVersion: string;
  readonly password: string;
  readonly ticket: Uint8Array;
}
export interface Position {
  readonly session: number;
  readonly sequence: number;
  /** Metres from the start of the stage. */
  readonly metres: number;
  readonly x: number;
  readonly y: number;
  /** Centimetres per second. */
  readonly speed: number;
}
export interface Passage {
  readonly session: number;
  readonly sequence: number;
  readonly control: number;
  /** Rally time in milliseconds. */
  readonly at: bigint;
}
/** A car ahead on the same stage. */
export interface Ahead {
  readonly number: number;
  readonly steamId: bigint;
}
export interface Orders {
  /** Next control; 65535 when there is none. */
  readonly next: number;
  /** Rally time; 0 when nothing is due. */
  readonly due: bigint;
  readonly out: boolean;
  readonly ahead: readonly Ahead[];
  /** Of the stage that comes next: what to load and verify. */
  readonly roadbookHash: string;
}
/** Where a car ahead was, as the server heard it from its driver. */
export interface CarPosition {
  readonly number: number;
  readonly stage: number;
  /** Milliseconds of real time since it was there, at most 65535. */
  readonly age: number;
  readonly metres: number;
  readonly x: number;
  readonly y: number;
  /** Centimetres per second. */
  readonly speed: number;
}
export interface Welcome {
  readonly session: number;
  /** Rally time now. */
  readonly now: bigint;
  /** How many times faster than real time the rally's clock runs. */
  readonly timeScale: number;
}
export interface Refused {
  /** Sequence of the refused passage or position; 0 of a join. */
  readonly sequence: number;
  readonly reason: string;
  /** What would have been right; empty when it is no matter of values. */
  readonly expected: string;
}

export type ClientMessage =
  | { readonly type: 'hello' }
  | ({ readonly type: 'join' } & Join)
  | { readonly type: 'clock'; readonly session: number; readonly token: number }
  | ({ readonly type: 'position' } & Position)
  | ({ readonly type: 'passage' } & Passage)
  | { readonly type: 'leave'; readonly session: number };

export type ServerMessage =
  | { readonly type: 'cookie'; readonly cookie: number }
  | ({ readonly type: 'welcome' } & Welcome)
  | ({ readonly type: 'refused' } & Refused)
  | { readonly type: 'clockReply'; readonly token: number; readonly now: bigint }
  | {
      readonly type: 'passageReply';
      readonly sequence: number;
      readonly control: number;
      /** Since the start of the stage, 0 outside. */
      readonly elapsed: number;
    }
  | ({ readonly type: 'orders' } & Orders)
  | { readonly type: 'cars'; readonly cars: readonly CarPosition[] };
