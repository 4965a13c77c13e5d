import { HttpError, type Routes } from 'beaconry';
import { Type } from 'typebox';
import { currentStage } from './current-stage.js';
import type { LiveFeed } from './live-feed.js';
import type { RallyClock } from './rally-clock.js';
import type { RallyEngine } from './rally-engine.js';
import { PAGE, SCRIPT, STYLE } from './rally-page.js';
import type { RallyServer } from './rally-server.js';
import type { RefusalList } from './refusal-list.js';
import { pointAt } from './stage-path.js';
import { classTable, legTable, overallTable, stageTable } from './standings.js';

const CONTENT_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** Bytes that may wait for a spectator before he is cut off. */
const QUEUE_LIMIT = 256 * 1024;

export interface RallyView {
  readonly engine: RallyEngine;
  readonly server: RallyServer;
  readonly rallyClock: RallyClock;
  readonly live: LiveFeed;
  readonly refusals: RefusalList;
  readonly history: () => Promise<unknown[]>;
  readonly maxSpectators: number;
}

/** REST of a rally and its page. Times in answers are seconds or ISO 8601, in `/live` milliseconds. */
export function rallyRoutes(view: () => RallyView): Routes {
  return (scope) => {
    const read = (path: string, summary: string, answer: () => unknown) =>
      scope.get(path, { schema: { summary } }, async () => answer());
    read('/v1/rally', 'The rally and how far it is', () => summaryOf(view()));
    read('/v1/rally/definition', 'Legs, sections, cars and hashes', () => {
      const { rally, cars, carsHash, penalties } = view().engine.options.definition;
      const { controls, stages } = view().engine.itinerary;
      return { rally, cars, carsHash, penalties, controls, stages };
    });
    read('/v1/rally/entries', 'The entry list', () => ({
      items: [...view().engine.crews.values()].map(({ entry, out, next }) => ({
        number: entry.number,
        ...{ driver: entry.driver, driverId: `${entry.driverId}` },
        ...{ codriver: entry.codriver, codriverId: `${entry.codriverId}` },
        ...{ car: entry.car, class: entry.class, nextControl: next, out: out ?? null },
        connected: view().server.sessionOf(entry.number) !== undefined,
      })),
    }));
    scope.get(
      '/v1/rally/stages/:number',
      {
        schema: {
          summary: 'One stage: road, controls and times',
          params: Type.Object({ number: Type.String({ pattern: '^[0-9]{1,4}$' }) }),
        },
      },
      async ({ params }) => {
        const { engine } = view();
        const stage = engine.itinerary.stages[Number(params.number) - 1];
        const roadbook = engine.options.definition.roadbooks.get(stage?.roadbook ?? '');
        if (stage === undefined || roadbook === undefined) {
          const last = engine.itinerary.stages.length;
          throw new HttpError(404, 'NO_STAGE', `stage ${params.number}: there are 1 to ${last}`);
        }
        const controls = roadbook.controls.map((control) => ({
          ...control,
          ...pointAt(roadbook, control.kilometre * 1000, stage.metres),
        }));
        const { path, hash } = roadbook;
        return { ...stage, hash, path, controls, times: stageTable(engine, stage.number) };
      },
    );
    scope.get(
      '/v1/rally/standings',
      {
        schema: {
          summary: 'Standings: overall, or of a class, or of a leg (from 1)',
          querystring: Type.Object(
            {
              class: Type.Optional(Type.String({ maxLength: 64 })),
              leg: Type.Optional(Type.String({ pattern: '^[0-9]{1,3}$' })),
            },
            { additionalProperties: false },
          ),
        },
      },
      async ({ query }) => {
        const { engine } = view();
        if (query.class !== undefined) return { items: classTable(engine, query.class) };
        if (query.leg !== undefined) return { items: legTable(engine, Number(query.leg) - 1) };
        return { items: overallTable(engine) };
      },
    );
    scope.get(
      '/v1/rally/live',
      { schema: { summary: 'The last frame that spectators see' } },
      async (_, reply) => reply.type('application/json').send(view().live.snapshot()),
    );
    read('/v1/rally/penalties', 'Penalties given and packets refused', () => ({
      items: [...view().engine.crews.values()].flatMap(({ entry, penalties }) =>
        penalties.map(({ milliseconds, at, leg, ...penalty }) => ({
          number: entry.number,
          ...penalty,
          leg: leg + 1,
          seconds: milliseconds / 1000,
          at: new Date(at).toISOString(),
        })),
      ),
      refused: {
        counts: Object.fromEntries(view().refusals.counts),
        recent: view().refusals.recent,
      },
    }));
    read('/v1/rally/clock', 'Rally time', () => ({
      rallyTime: new Date(view().rallyClock.now()).toISOString(),
      timeScale: view().rallyClock.timeScale,
      suspended: view().engine.suspended,
    }));
    read('/v1/rally/history', 'Rallies that ended here, the last first', async () => ({
      items: await view().history(),
    }));
    scope.get('/v1/rally/live/ws', { websocket: true, schema: { hide: true } }, (socket) => {
      const { live, maxSpectators } = view();
      if (live.listeners >= maxSpectators) {
        socket.close(1013, 'too many spectators');
        return;
      }
      const remove = live.add({
        send(text) {
          if (socket.bufferedAmount > QUEUE_LIMIT) socket.terminate();
          else socket.send(text);
        },
        end: () => socket.close(1012, 'begins anew'),
      });
      // Spectators have nothing to say.
      socket.on('message', () => socket.close(1008, 'this socket only sends'));
      socket.on('error', () => socket.terminate());
      socket.on('close', remove);
    });
    const file = (path: string, type: string, text: string) =>
      scope.get(path, { schema: { hide: true } }, async (_, reply) =>
        reply.type(type).header('content-security-policy', CONTENT_POLICY).send(text),
      );
    file('/rally/', 'text/html; charset=utf-8', PAGE);
    file('/rally/page.js', 'text/javascript; charset=utf-8', SCRIPT);
    file('/rally/page.css', 'text/css; charset=utf-8', STYLE);
    scope.get('/rally', { schema: { hide: true } }, async (_, reply) => reply.redirect('/rally/'));
  };
}

function summaryOf({ engine, server, rallyClock }: RallyView) {
  const { rally } = engine.options.definition;
  const stage = currentStage(engine);
  return {
    name: rally.name,
    gameVersion: rally.gameVersion,
    mode: engine.options.mode,
    startInterval: engine.options.startInterval / 1000,
    state: engine.finished
      ? 'finished'
      : engine.suspended
        ? 'suspended'
        : engine.leg < 0
          ? 'waiting'
          : 'running',
    leg: engine.leg + 1,
    legs: rally.legs.length,
    stage: stage === undefined ? null : { number: stage.number, name: stage.name },
    stages: engine.itinerary.stages.length,
    entries: engine.crews.size,
    connected: server.sessions.size,
    rallyTime: new Date(rallyClock.now()).toISOString(),
  };
}
