import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { definePlugin, ServerError, ServerStarted } from 'beaconry';
import { GameServerState, SteamGameServer } from 'beaconry/plugins/game-server';
import { Rules } from 'beaconry/plugins/rules';
import { AnonymousEntries } from './anonymous-entries.js';
import { BotField } from './bot-field.js';
import { type RallyDefinition, readRally } from './definition.js';
import { whyNotChange } from './definition-change.js';
import { DriverAuthentication } from './driver-authentication.js';
import { forgetDriver } from './forgotten-driver.js';
import { overdue } from './overdue.js';
import { Rally } from './public.js';
import { rallyCommands } from './rally-commands.js';
import type { RallyEvent } from './rally-event.js';
import { PREFIX } from './rally-messages.js';
import { rallyRoutes } from './rally-routes.js';
import { RallyRuns } from './rally-run.js';
import { TELL_TURNS } from './rally-server.js';
import { RefusalList } from './refusal-list.js';
import { RunningRally, type RunningRallyParts } from './running-rally.js';
import { showInServerList } from './server-list-view.js';
import { overallTable } from './standings.js';

/** After a finish the result stays to be seen before a repeated rally begins anew. */
const REPEAT_DELAY = 20_000;

export default definePlugin({
  name: 'rally',
  api: 1,
  doc: 'A rally: legs, stages and controls from a definition, drivers over UDP, status as JSON and a page.',
  provides: [Rally],
  optional: [GameServerState, Rules, SteamGameServer],
  config: {
    endpoint: {
      doc: 'UDP endpoint of the drivers, beside server queries.',
      format: 'udp-endpoints',
      default: ['game'],
    },
    definition: {
      doc: 'Folder of rally.json, or that file; relative to the configuration file.',
      format: String,
      default: null,
    },
    startInterval: {
      doc: 'Between two cars; null: as the definition says.',
      format: 'duration',
      default: null,
      nullable: true,
    },
    mode: {
      doc: 'live: all obey the clock; open: any time in the window of a leg.',
      format: ['live', 'open'],
      default: 'live',
    },
    password: { doc: 'Needed to join; empty: none.', format: String, default: '', sensitive: true },
    authentication: {
      doc: 'ticket: drivers prove who they are by an auth session; entry-list: the SteamID they state must be entered.',
      format: ['ticket', 'entry-list'],
      default: 'ticket',
    },
    spectatorDelay: { doc: 'The live view lags so much behind.', format: 'duration', default: 0 },
    maxSpectators: { doc: 'Live sockets at once.', format: 'nat', default: 500 },
    bots: { doc: 'So many of the first entries are driven by bots.', format: 'nat', default: 0 },
    entries: { doc: 'Only so many of the entry list start; 0: all.', format: 'nat', default: 0 },
    startDelay: {
      doc: 'From the start of the server to the first leg.',
      format: 'duration',
      default: '10s',
    },
    timeScale: {
      doc: 'The clock of the rally runs so many times faster.',
      format: 'nat',
      default: 1,
    },
    repeat: { doc: 'Begin anew when the rally has ended.', format: Boolean, default: false },
  },
  commands: rallyCommands,
  async setup(context, config) {
    const { clock, log, metrics } = context;
    const path = resolve(context.server.configFolder, config.definition);
    const readDefinition = (): RallyDefinition => {
      const whole = readRally(path);
      const entries = whole.entries.slice(0, config.entries === 0 ? undefined : config.entries);
      return { ...whole, entries };
    };
    const endpoint = context.udp(config.endpoint);
    const state = context.find(GameServerState);
    const rules = context.find(Rules);
    const steam = context.find(SteamGameServer);
    const botTicket = randomBytes(32);
    const { authentication: mode } = config;
    const authentication = new DriverAuthentication({ mode, steam, state, endpoint, botTicket });
    const runs = new RallyRuns(context.store, () => clock.now());
    const anonymous = new AnonymousEntries(context.store);
    const refusals = new RefusalList(log, () => clock.now());
    const tickTime = metrics.histogram('tick_seconds', 'Time of one tick.', [0.001, 0.005, 0.02]);

    const parts: RunningRallyParts = {
      ...config,
      ...{ runs, anonymous, clock, log, refusals, authentication },
      send: (bytes, to) => endpoint.send(bytes, to),
    };
    let current = await RunningRally.open(parts, readDefinition(), true);
    if (current.replayed > 0) log.info(`the rally continues after ${current.replayed} events`);
    const say = async (event: RallyEvent) => {
      await current.events.append(event);
      current.live.changed();
      // What all have been waiting for they hear at once.
      if (event.type === 'leg' || event.type === 'resume') current.server.tellAll();
    };
    let tail: Promise<unknown> = Promise.resolve();
    /** One after the other: what referee and stewards do must not meet a rally that is being replaced. */
    const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
      const done = tail.then(work);
      tail = done.catch(() => {});
      return done;
    };
    const stewards = (event: (at: number) => RallyEvent): Promise<void> =>
      inTurn(() => say(event(current.rallyClock.now())));
    /** While one rally takes the place of another nobody is heard: drivers say it again. */
    let isChanging = false;
    const become = async (definition: RallyDefinition) => {
      const next = await RunningRally.open(parts, definition);
      current.close();
      current = next;
      bots.change(current.engine.options.definition);
    };
    const now = () => clock.monotonic();
    const who = { password: config.password, ticket: botTicket };
    const bots = new BotField(config.bots, who, endpoint, now);

    endpoint.onDatagram(PREFIX, {
      shape: (datagram) => !isChanging && (current.server.route.shape?.(datagram) ?? true),
      proves: (datagram) => current.server.route.proves?.(datagram) ?? false,
      handler: (datagram) => current.server.route.handler(datagram),
    });
    const history = () => runs.history();
    const { maxSpectators } = config;
    const http = context.http(
      rallyRoutes(() => ({ ...current, refusals, history, maxSpectators })),
    );
    context.defer(
      authentication.onRefused((steamId, why) => current.server.dropPlayer(steamId, why)),
    );
    const known = (number: number) => {
      if (current.engine.crews.has(number)) return;
      throw new ServerError('NO_CREW', `car ${number} is not entered`);
    };
    context.provide(Rally, {
      get name() {
        return current.definition.rally.name;
      },
      get finished() {
        return current.engine.finished;
      },
      get standings() {
        return overallTable(current.engine);
      },
      suspend: () => stewards((at) => ({ type: 'suspend', at })),
      resume: () => stewards((at) => ({ type: 'resume', at })),
      penalise: async (number, milliseconds, reason) => {
        known(number);
        await stewards((at) => ({ type: 'penalty', at, number, milliseconds, reason }));
      },
      retire: async (number, reason) => {
        known(number);
        await stewards((at) => ({ type: 'out', at, number, reason }));
      },
      reload: () =>
        inTurn(async () => {
          const definition = readDefinition();
          isChanging = true;
          try {
            await current.events.settled();
            const why = whyNotChange(current.engine, definition);
            if (why !== undefined) throw new ServerError('RALLY_UNDER_WAY', why);
            await runs.adopt(current.run, definition);
            await become(definition);
          } finally {
            isChanging = false;
          }
        }),
    });
    context.onForget(({ kind, text }) => {
      if (kind !== 'steam-id') return undefined;
      return inTurn(() => forgetDriver(BigInt(text), current, runs));
    });
    metrics.gauge('drivers', 'Connected drivers.', () => current.server.sessions.size);
    metrics.total('positions_total', 'Positions taken.', () => current.server.positions);

    context.on(ServerStarted, () => {
      authentication.start();
      const started = clock.monotonic();
      let busy = false;
      let endedAt: number | undefined;
      // The rules: legs open, late crews go, a finished rally is kept.
      const referee = async () => {
        const { engine, rallyClock, run } = current;
        const now = rallyClock.now();
        for (const event of overdue(engine, now)) await say(event);
        if (engine.leg >= 0 || clock.monotonic() - started >= config.startDelay) {
          const leg = engine.nextLeg(now);
          if (leg !== undefined) await say(leg);
        }
        if (!engine.finished) return;
        if (endedAt === undefined) {
          endedAt = clock.monotonic();
          await runs.finish(engine, run);
        } else if (config.repeat && clock.monotonic() - endedAt >= REPEAT_DELAY) {
          endedAt = undefined;
          await runs.next(run);
          await become(current.definition);
        }
      };
      const show = () =>
        showInServerList(current.engine, current.server, {
          ...{ state, rules, endpoint, http },
          ...{ bots: config.bots, password: config.password !== '' },
        });
      // Before the first query comes.
      show();
      const timed = (work: () => void) => {
        const before = clock.monotonic();
        work();
        tickTime.observe((clock.monotonic() - before) / 1000);
      };
      context.every(1000, async () => {
        timed(() => {
          current.server.tick();
          show();
        });
        if (busy) return;
        busy = true;
        await inTurn(referee).finally(() => {
          busy = false;
        });
      });
      context.every(1000 / TELL_TURNS, () => timed(() => current.server.tellNext()));
      context.every(200, () => timed(() => current.live.tick()));
      if (config.bots === 0) return;
      bots.change(current.engine.options.definition);
      context.defer(() => bots.close());
      context.every(50, () => bots.drive());
    });
  },
});
