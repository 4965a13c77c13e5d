import { type AuditedAction, type CommandCaller, type HttpScope, ServerError } from 'beaconry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { readSteamId, refuse } from '../call-error.js';
import { type AdminKeys, allows, type Scope } from './admin-keys.js';

export interface GuardParts {
  readonly keys: AdminKeys;
  /** The account that answers for login tokens of nobody else. */
  operator(): Promise<bigint>;
  audit(caller: CommandCaller, action: AuditedAction): Promise<void>;
}

interface Caller {
  readonly name: string;
  readonly owner: string | null;
}

/** Lets the admin token and keys of a sufficient scope through, and writes down what they do. */
export class AdminGuard {
  readonly #callers = new WeakMap<FastifyRequest, Caller>();

  constructor(
    private readonly scope: HttpScope,
    private readonly parts: GuardParts,
  ) {}

  /** Errors 401 `UNAUTHENTICATED`, 403 `FORBIDDEN` and `SCOPE`. */
  needs(needed: Scope): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
    return async (request, reply) => {
      const bearer = /^Bearer +(\S{1,256}) *$/i.exec(request.headers.authorization ?? '')?.[1];
      const key = bearer === undefined ? undefined : await this.parts.keys.find(bearer);
      if (key === undefined) {
        await this.scope.requireAdmin(request, reply);
        return;
      }
      if (!allows(key.scope, needed)) {
        const say = `this key has the scope ${key.scope}; this needs ${needed}`;
        throw refuse(403, 'SCOPE', say, { has: key.scope, needs: needed });
      }
      this.#callers.set(request, { name: `key ${key.id}`, owner: key.owner });
    };
  }

  /** Who answers for a login token: the named one, or that of the key. */
  async ownerOf(request: FastifyRequest, named: string | undefined): Promise<bigint> {
    const owner = named ?? this.#callers.get(request)?.owner;
    return owner === undefined || owner === null ? this.parts.operator() : readSteamId(owner);
  }

  audit(request: FastifyRequest, action: AuditedAction): Promise<void> {
    const name = this.#callers.get(request)?.name ?? 'admin';
    return this.parts.audit({ by: `${name} at ${request.ip}`, source: 'http' }, action);
  }

  /** Gives the refusals of the backend a status. */
  run<T>(task: () => Promise<T>): Promise<T> {
    return withStatus(task);
  }
}

/** Runs what may throw a ServerError without a status: unknown things are 404, the rest is the caller's fault. */
async function withStatus<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (!(error instanceof ServerError) || 'statusCode' in error) throw error;
    const { code, message } = error;
    const status = code.endsWith('_NOT_FOUND') ? 404 : code === 'BACKEND_IS_REMOTE' ? 501 : 409;
    throw refuse(status, code, message);
  }
}
