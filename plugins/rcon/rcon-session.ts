import {
  encodeAnswer,
  encodeEndMark,
  encodeVerdict,
  type RconPacket,
  RequestType,
} from './rcon-codec.js';

/** What one packet of a client leads to. */
export type RconStep =
  | { readonly kind: 'send'; readonly packets: readonly Uint8Array[] }
  | { readonly kind: 'run'; readonly id: number; readonly line: string }
  | { readonly kind: 'refused'; readonly packets: readonly Uint8Array[]; readonly reason: string };

/** Most characters of an answer; what is longer is cut and says so. */
const longestAnswer = 256 * 1024;

/** The behaviour of one connection without I/O: packets in, what to do out. */
export class RconSession {
  #loggedIn = false;

  constructor(private readonly isPassword: (given: Uint8Array) => boolean) {}

  get loggedIn(): boolean {
    return this.#loggedIn;
  }

  receive({ id, type, body }: RconPacket): RconStep {
    switch (type) {
      case RequestType.auth: {
        this.#loggedIn = this.isPassword(body);
        const packets = encodeVerdict(id, this.#loggedIn);
        return this.#loggedIn
          ? { kind: 'send', packets }
          : { kind: 'refused', packets, reason: 'wrong-password' };
      }
      case RequestType.execute:
        if (!this.#loggedIn) return this.#notLoggedIn(id);
        return { kind: 'run', id, line: Buffer.from(body).toString('utf8') };
      case RequestType.response:
        if (!this.#loggedIn) return this.#notLoggedIn(id);
        return { kind: 'send', packets: encodeEndMark(id) };
      default:
        return { kind: 'refused', packets: [], reason: 'unknown-type' };
    }
  }

  /** Packets of the answer to a line. */
  answer(id: number, text: string): Uint8Array[] {
    const cut =
      text.length <= longestAnswer
        ? text
        : `${text.slice(0, longestAnswer)}\n(cut: ${text.length - longestAnswer} characters more)`;
    return encodeAnswer(id, cut);
  }

  #notLoggedIn(id: number): RconStep {
    const packets = encodeVerdict(id, false).slice(1);
    return { kind: 'refused', packets, reason: 'not-logged-in' };
  }
}
