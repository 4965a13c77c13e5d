import type { AuditedAction, CommandCaller } from 'beaconry';
import { type AddressLimit, PeerAddress, type Routes, ServerError } from 'beaconry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { type AdminKeys, allows } from '../admin/admin-keys.js';
import { TooMuchWork } from './list-work.js';
import { MissingParameter, readArguments } from './method-arguments.js';
import type { WebCaller, WebMethod } from './web-methods.js';

export interface SteamWebRoutesParts {
  readonly methods: readonly WebMethod[];
  readonly keys: AdminKeys;
  /** Calls of one address, and wrong keys from it. */
  readonly calls: AddressLimit;
  readonly wrongKeys: AddressLimit;
  operator(): Promise<bigint>;
  audit(caller: CommandCaller, action: AuditedAction): Promise<void>;
}

const jsonType = {
  uint32: Type.String({ pattern: '^\\d+$' }),
  uint64: Type.String({ pattern: '^\\d+$' }),
  string: Type.String(),
  bool: Type.String(),
  rawbinary: Type.String(),
  '{message}': Type.String(),
} as const;

const page = (title: string, text: string): string =>
  `<html><head><title>${title}</title></head><body><h1>${title}</h1>${text}</body></html>`;
const forbidden = page(
  'Forbidden',
  'Access is denied. Retrying will not help. Please verify your <pre>key=</pre> parameter.',
);
const unauthorized = page(
  'Unauthorized',
  'Access is denied. Retrying will not help. Please verify your <pre>key=</pre> parameter.',
);
const badRequest = page('Bad Request', 'Please verify that all required parameters are being sent');
const tooMany = page('Too Many Requests', 'Slow down');

/** The look-alikes of the Steam Web API: same names, arguments and answers, errors included. */
export const steamWebRoutes =
  (parts: SteamWebRoutesParts): Routes =>
  (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: 64 * 1024 },
      (_request, body, done) => {
        done(null, Object.fromEntries(new URLSearchParams(body as string)));
      },
    );
    for (const method of parts.methods) {
      for (const version of method.versions) {
        const described = { ...describe(method), ...tagged };
        const padded = String(version).padStart(4, '0');
        for (const [text, hide] of [
          [`v${version}/`, false],
          [`v${version}`, true],
          [`v${padded}/`, true],
          [`v${padded}`, true],
        ] as const) {
          scope.route({
            method: method.http,
            url: `/${method.interface}/${method.method}/${text}`,
            schema: hide ? { hide } : described,
            // Here everything is text, and what is wrong is told as the original does.
            validatorCompiler: () => (value) => ({ value }),
            handler: (request, reply) => answer(parts, method, request, reply),
          });
        }
      }
    }
  };

const tagged = { response: { 200: Type.Record(Type.String(), Type.Unknown()) } } as const;

async function answer(
  parts: SteamWebRoutesParts,
  method: WebMethod,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const html = (status: number, text: string) =>
    reply.code(status).type('text/html; charset=UTF-8').send(text);
  const slowDown = (seconds: number) => {
    reply.header('retry-after', String(seconds));
    return html(429, tooMany);
  };
  const from = PeerAddress.of(request.ip, 0);
  if (!parts.calls.take(from)) return slowDown(1);
  const body = typeof request.body === 'object' ? request.body : undefined;
  try {
    const query = request.query as Record<string, unknown>;
    const args = readArguments(query, body as Record<string, unknown> | undefined);
    // Before the key is looked at: who guessed too often learns nothing from a right one either.
    if (method.keyed && !parts.wrongKeys.has(from)) {
      return slowDown(6);
    }
    const caller = method.keyed
      ? await callerOf(parts, request, args.optionalText('key'))
      : anybody(from);
    if (caller === 'missing') return html(401, unauthorized);
    if (caller === 'wrong') {
      parts.wrongKeys.take(from);
      return html(403, forbidden);
    }
    const result = await method.run(args, caller);
    if (method.http === 'POST') {
      const steamId = args.optionalText('steamid');
      await parts.audit(
        { by: caller.name, source: 'http' },
        { webApi: method.method, ...(steamId === undefined ? {} : { steamId }) },
      );
    }
    return reply.type('application/json; charset=UTF-8').send(JSON.stringify(result));
  } catch (error) {
    if (error instanceof MissingParameter) return html(400, badRequest);
    if (error instanceof TooMuchWork) return slowDown(1);
    if (error instanceof ServerError && !('statusCode' in error)) {
      const missing = error.code.endsWith('_NOT_FOUND');
      return html(missing ? 404 : 400, badRequest);
    }
    throw error;
  }
}

const anybody = (from: PeerAddress): WebCaller => ({
  name: 'anybody',
  from,
  owner: () => Promise.reject(new MissingParameter('key')),
});

/** The key comes as `key=`, as a header, or as a bearer. */
async function callerOf(
  { keys, operator }: SteamWebRoutesParts,
  request: FastifyRequest,
  argument: string | undefined,
): Promise<WebCaller | 'missing' | 'wrong'> {
  const { authorization, 'x-webapi-key': header } = request.headers;
  const bearer = /^Bearer +(\S{1,256}) *$/i.exec(authorization ?? '')?.[1];
  const secret = bearer ?? (typeof header === 'string' ? header : argument);
  if (secret === undefined || secret === '') return 'missing';
  const key = await keys.find(secret);
  if (key === undefined || !allows(key.scope, 'server')) return 'wrong';
  return {
    name: `key ${key.id} at ${request.ip}`,
    from: PeerAddress.of(request.ip, 0),
    owner: () => (key.owner === null ? operator() : Promise.resolve(BigInt(key.owner))),
  };
}

function describe(method: WebMethod) {
  const properties = Object.fromEntries(
    method.parameters.map(({ name, type, description, optional }) => {
      const schema = Type.Unsafe<string>({ ...jsonType[type], description });
      return [name, optional === true ? Type.Optional(schema) : schema] as const;
    }),
  );
  const key = method.keyed
    ? { key: Type.Optional(Type.String({ description: 'publisher key; better as x-webapi-key' })) }
    : {};
  const inputJson = Type.Optional(Type.String({ description: 'the same as a JSON object' }));
  const all = Type.Object(
    { ...key, ...properties, input_json: inputJson },
    { additionalProperties: true },
  );
  const summary = method.summary;
  return method.http === 'GET'
    ? { summary, querystring: all }
    : { summary, body: all, consumes: ['application/x-www-form-urlencoded'] };
}
