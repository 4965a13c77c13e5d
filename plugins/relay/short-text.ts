import type { TextSpan } from './envelope.js';

/** Longest text of a member that is compared with something short, escapes included. */
export const LONGEST_TEXT = 1024;

/** The text of a member, or undefined when it is left out or longer than anything it could equal. */
export const shortText = (span: TextSpan, bytes: Buffer): string | undefined =>
  span.length > LONGEST_TEXT ? undefined : span.text(bytes);
