import { encodeQuery } from '../a2s-query/a2s-request-codec.js';

/**
 * A question of ours, by which an operator sees whether a master reaches his port: `FF FF FF FF "askme\n"`,
 * filled up to the length of the answer, which so is never longer than the question. The answer is an INFO
 * request (25 bytes), as the master sends it to servers that it verifies.
 */
export const echoPrefix = '\xff\xff\xff\xffaskme\n';
export const longestEchoRequest = 64;

/** The answer, and the least length of a question. */
export const echoAnswer = encodeQuery('info', null);

export function encodeEchoRequest(): Uint8Array {
  const bytes = new Uint8Array(echoAnswer.length);
  bytes.set(Buffer.from(echoPrefix, 'latin1'));
  return bytes;
}

export const isEchoAnswer = (bytes: Uint8Array): boolean => echoAnswerBytes.equals(bytes);
const echoAnswerBytes = Buffer.from(echoAnswer);
