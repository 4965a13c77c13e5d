import { isNotModified } from 'beaconry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Encoding, encodingOf } from './page-files.js';

export interface Encoded {
  readonly type: string;
  /** Of the content, whatever its encoding. */
  readonly tag: string;
  /** Headers of the request that the content depends on, beside its encoding and origin. */
  readonly vary?: string;
  body(encoding: Encoding): Buffer | Promise<Buffer>;
}

/** Sends what is at hand in several encodings in the best one for the request, or says that nothing changed. */
export async function sendEncoded(
  request: FastifyRequest,
  reply: FastifyReply,
  { type, tag, vary, body }: Encoded,
): Promise<FastifyReply> {
  const encoding = encodingOf(request.headers['accept-encoding']);
  reply.header(
    'vary',
    ['Accept-Encoding', 'Origin', ...(vary === undefined ? [] : [vary])].join(', '),
  );
  if (isNotModified(request, reply, `${tag.slice(0, -1)}${encoding}"`)) return reply;
  if (encoding !== '') reply.header('content-encoding', encoding);
  return reply.type(type).send(await body(encoding));
}
