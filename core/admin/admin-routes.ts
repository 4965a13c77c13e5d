import { Type } from 'typebox';
import { positionalParameters } from '../commands/command-parameters.js';
import type { CommandRunner } from '../commands/command-runner.js';
import { describeSection } from '../config/describe-section.js';
import type { Section } from '../config/schema.js';
import { ServerError } from '../errors.js';
import { HttpError } from '../http/http-error.js';
import type { Routes } from '../http/routes.js';
import type { ReadyReport } from '../ready-report.js';
import type { ServerEndpoints } from '../server-endpoints.js';
import type { Json } from '../store/store.js';
import type { AuditLog } from './audit-log.js';
import type { RecentLog } from './recent-log.js';

export interface AdminParts {
  readonly runner: CommandRunner;
  readonly audit: AuditLog;
  readonly recent: RecentLog;
  readonly endpoints: ServerEndpoints;
  readonly report: () => ReadyReport;
}

/** A command that refuses says why and what to do, and whoever may run it may know; anything else is a fault. */
function toldToOperator(error: unknown): unknown {
  const isRefusal =
    error instanceof ServerError && !('statusCode' in error) && !error.code.startsWith('STORE_');
  return isRefusal
    ? new HttpError(error.code === 'USAGE' ? 400 : 409, error.code, error.message)
    : error;
}

const limit = Type.Integer({ minimum: 1, maximum: 1000, default: 100 });

/** What operators see and do: plugins, endpoints, heaviest sources, commands, audit; for the admin alone. */
export const adminRoutes =
  ({ runner, audit, recent, endpoints, report }: AdminParts): Routes =>
  (scope) => {
    scope.addHook('onRequest', scope.requireAdmin);
    scope.get('/plugins', { schema: { summary: 'Plugins and their state' } }, () => ({
      items: Object.entries(report().plugins).map(([name, state]) => ({ name, state })),
    }));
    scope.get('/endpoints', { schema: { summary: 'Endpoints with their counters' } }, () => ({
      items: endpoints.describe(),
    }));
    scope.get(
      '/top',
      {
        schema: {
          summary: 'Heaviest sources of UDP endpoints, in datagrams of about the last two minutes',
          querystring: Type.Object({ endpoint: Type.Optional(Type.String()), limit }),
        },
      },
      (request) => {
        const { endpoint, limit } = request.query;
        const listeners = [...endpoints.udp.values()].filter(
          ({ name }) => endpoint === undefined || name === endpoint,
        );
        return {
          items: listeners.map(({ name, heavySources }) => ({
            endpoint: name,
            sources: heavySources.top(limit),
          })),
        };
      },
    );
    scope.get(
      '/audit',
      { schema: { summary: 'Who did what, newest first', querystring: Type.Object({ limit }) } },
      async (request) => ({ items: await audit.newest(request.query.limit) }),
    );
    scope.get(
      '/log',
      {
        schema: {
          summary: 'The last lines of the log, oldest first',
          querystring: Type.Object({
            after: Type.Integer({ minimum: 0, default: 0, description: 'what `last` said before' }),
            limit,
          }),
        },
      },
      (request) => ({
        last: recent.last,
        items: recent.after(request.query.after, request.query.limit),
      }),
    );
    scope.get('/commands', { schema: { summary: 'Commands of the running plugins' } }, () => ({
      items: runner.all().map(({ plugin, command }) => ({
        name: command.name,
        plugin,
        doc: command.doc,
        positional: positionalParameters(command),
        parameters: describeSection(command.parameters as Section),
      })),
    }));
    scope.post(
      '/commands/:name',
      {
        schema: {
          summary: 'Runs a command of a plugin',
          params: Type.Object({ name: Type.String({ maxLength: 64 }) }),
          body: Type.Object(
            {
              parameters: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
              texts: Type.Optional(Type.Record(Type.String(), Type.String())),
            },
            { description: '`parameters` as JSON, or `texts` as a person would type them' },
          ),
        },
      },
      async (request) => {
        const { parameters, texts } = request.body;
        const given =
          texts === undefined
            ? ({ kind: 'json', values: (parameters ?? {}) as Record<string, Json> } as const)
            : ({ kind: 'text', values: texts } as const);
        const caller = { by: `admin at ${request.ip}`, source: 'http' } as const;
        try {
          return { result: await runner.runGiven(request.params.name, given, caller) };
        } catch (error) {
          throw toldToOperator(error);
        }
      },
    );
  };
