/** What is wrong with bytes that are no message. */
export type DecodeErrorKind = 'truncated' | 'invalid' | 'unexpected';

/**
 * Bytes that are not a message: ended too early, impossible values, or another message than was asked for.
 * Thrown by codecs; an endpoint counts and drops the datagram, nobody answers.
 */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  constructor(
    readonly kind: DecodeErrorKind,
    /** Offset in the message, in bytes, at which reading failed. */
    readonly offset: number,
    message: string,
  ) {
    super(`${message} at byte ${offset}`);
  }
}
