import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import { HttpError } from './http-error.js';
import { redactUrl } from './http-log.js';

export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

const errorBody = (
  code: string,
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): ErrorBody => ({ error: { code, message, details } });

/** Our names for what fastify finds wrong with a request. */
const codes: Readonly<Record<string, string>> = {
  FST_ERR_VALIDATION: 'INVALID_REQUEST',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_JSON_BODY: 'INVALID_JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'INVALID_JSON',
};

/** In place of sentences of fastify that repeat the request, secrets included, or do not say what to do. */
const messages: Readonly<Record<string, string>> = {
  FST_ERR_BAD_URL: 'the URL holds a % that begins no escape',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'send the body with content-type: application/json',
};

/** A shared store that is away is no fault of the request; where it is, is not the caller's business. */
const storeErrors: Readonly<Record<string, string>> = {
  STORE_UNAVAILABLE: 'The store of this community cannot be reached; nothing was done, try again.',
  STORE_UNSURE: 'The store of this community gave no answer; this may or may not have been done.',
  STORE_BUSY: 'Others changed the same at the same time; nothing was done, try again.',
};

/** Answers an error that a handler, a hook or fastify itself raised; only unexpected ones are logged. */
export function replyWithError(
  log: Logger,
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const known = clientError(error);
  if (known === undefined) {
    const { method } = request;
    log.error({ err: error, method, url: redactUrl(request.url) }, 'a route failed');
    reply
      .code(500)
      .send(errorBody('INTERNAL', 'The server failed at this request; its log says why.'));
    return;
  }
  if (error instanceof HttpError) reply.headers(error.headers);
  reply.code(known.status).send(known.body);
}

export function replyNotFound(request: FastifyRequest, reply: FastifyReply): void {
  const path = request.url.split('?', 1)[0]?.slice(0, 200);
  reply.code(404).send(errorBody('NOT_FOUND', `there is no ${request.method} ${path} here`));
}

/** What the caller may know; undefined for an error of ours. */
function clientError(error: unknown): { status: number; body: ErrorBody } | undefined {
  if (!(error instanceof Error)) return undefined;
  const {
    statusCode: status,
    code,
    details,
  } = error as Error & {
    readonly statusCode?: unknown;
    readonly code?: unknown;
    readonly details?: Readonly<Record<string, unknown>>;
  };
  const away = error instanceof ServerError ? storeErrors[error.code] : undefined;
  if (away !== undefined) return { status: 503, body: errorBody(String(code), away) };
  if (typeof status !== 'number' || status < 400 || status > 599) return undefined;
  if (error instanceof ServerError) {
    return { status, body: errorBody(error.code, error.message, details) };
  }
  if (status >= 500) return undefined;
  const name = String(code);
  const message = messages[name] ?? error.message;
  return { status, body: errorBody(codes[name] ?? 'BAD_REQUEST', message, details) };
}

/** Answers what never became a request: broken syntax, headers that are too large or too slow. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, code, message] = unreadable(error.code);
  endSocket(socket, status, errorBody(code, message));
}

/** Refuses an upgrade that is not handed to fastify. */
export function refuseUpgrade(_request: IncomingMessage, socket: Duplex): void {
  endSocket(
    socket,
    '400 Bad Request',
    errorBody('BAD_REQUEST', 'this server upgrades to WebSocket alone; send no Upgrade header'),
  );
}

const unreadable = (code: string | undefined): [status: string, code: string, message: string] =>
  code === 'HPE_HEADER_OVERFLOW'
    ? ['431 Request Header Fields Too Large', 'HEADERS_TOO_LARGE', 'the headers are too large']
    : code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'REQUEST_TIMEOUT', 'the request took too long to arrive']
      : ['400 Bad Request', 'BAD_REQUEST', 'this is no HTTP/1.1 request'];

function endSocket(socket: Duplex, status: string, body: ErrorBody): void {
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    () => socket.destroy(),
  );
}
