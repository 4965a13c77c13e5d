import type { Bus, Clock, Logger } from 'beaconry';
import { SteamClient } from 'beaconry/steam-client';
import { FakeClock } from 'beaconry/testing';
import pino from 'pino';
import { MemoryStore } from '../../../core/store/memory-store.js';
import type { VerifierOptions } from '../../../plugins/auth-sessions/verifier-options.js';
import { VerifierRegistry } from '../../../plugins/auth-sessions/verifier-registry.js';
import { initialSnapshot } from '../../../plugins/game-server/game-server-config.js';
import { LiveState } from '../../../plugins/game-server/live-state.js';
import type { SharedSocket } from '../../../plugins/game-server/public.js';
import type { QueuedSignal } from '../../../plugins/game-server/signal-queue.js';
import {
  defaultGameServerOptions,
  SteamGameServer,
  type SteamGameServerOptions,
} from '../../../plugins/game-server/steam-game-server.js';
import { SocialRequests } from '../../../plugins/social/social-requests.js';
import {
  type BackendOptions,
  defaultBackendOptions,
} from '../../../plugins/steam-backend/backend-options.js';
import { LocalAdministration } from '../../../plugins/steam-backend/local-administration.js';
import { LocalBackend } from '../../../plugins/steam-backend/local-backend.js';
import type { SteamBackend } from '../../../plugins/steam-backend/public.js';
import { newTicketKey } from '../../../plugins/steam-backend/ticket-key.js';
import { SharedBus } from '../../core/bus/shared-bus.js';

export const APP = 480;
export const ticketKey = newTicketKey();

export interface WorldOptions extends Partial<BackendOptions> {
  readonly log?: Logger;
}

export interface ServerChoices {
  readonly options?: Partial<SteamGameServerOptions>;
  readonly verifier?: Partial<VerifierOptions>;
  readonly sharedSocket?: SharedSocket;
  readonly address?: string;
  readonly backend?: SteamBackend | undefined;
  readonly log?: Logger;
}

/** A backend with game servers and players in one process, with time by hand and no sockets. */
export class SteamWorld {
  readonly clock: FakeClock;
  readonly store: MemoryStore;
  readonly bus: SharedBus;
  readonly log: Logger;
  readonly options: BackendOptions;
  #node: string;
  backend: LocalBackend;
  administration: LocalAdministration;

  private constructor({ log, ...options }: WorldOptions, first?: SteamWorld, node = 'test') {
    this.clock = first?.clock ?? new FakeClock();
    this.store = first?.store ?? new MemoryStore(slowed(this.clock));
    this.bus = first?.bus ?? new SharedBus();
    this.#node = node;
    this.log = log ?? pino({ level: 'silent' });
    this.options = { ...defaultBackendOptions, readyDelay: 0, ...options };
    this.backend = this.#newBackend();
    this.administration = new LocalAdministration(this.backend);
  }

  static async start(options: WorldOptions = {}): Promise<SteamWorld> {
    const world = new SteamWorld(options);
    await world.backend.start();
    return world;
  }

  /** Another node of the same community; it is ended by its `leave`. */
  async join(node: string): Promise<SteamWorld> {
    const world = new SteamWorld({ ...this.options, log: this.log }, this, node);
    await world.backend.start();
    return world;
  }

  leave(): void {
    this.backend.close();
  }

  /** The process of the backend dies and another one opens the same store. */
  async restart(options: Partial<BackendOptions> = {}, node = 'test'): Promise<void> {
    this.backend.close();
    this.#node = node;
    Object.assign(this.options, options);
    this.backend = this.#newBackend();
    this.administration = new LocalAdministration(this.backend);
    await this.backend.start();
  }

  async player(appIds: readonly number[] = [APP]): Promise<{ client: SteamClient; key: string }> {
    const { steamId, accountKey } = await this.administration.createAccount();
    for (const appId of appIds) await this.administration.grantLicence({ steamId, appId });
    const client = this.client();
    await client.logOn({ accountKey });
    return { client, key: accountKey };
  }

  client(): SteamClient {
    const { backend, clock, log } = this;
    return new SteamClient({ backend, clock, log, retryInterval: 1000 });
  }

  /** The ticket, once the backend knows it. */
  async ticket(client: SteamClient, appId = APP, identity?: string | bigint): Promise<Uint8Array> {
    const asked = client.getAuthSessionTicket(appId, identity);
    await this.settle();
    return (await asked).bytes;
  }

  server(choices: ServerChoices = {}): TestGameServer {
    return new TestGameServer(this, choices);
  }

  /** Initialised with mode 3 and logged on with a token of its own. */
  async serverOn(choices: ServerChoices = {}, mode = 3): Promise<TestGameServer> {
    const test = this.server(choices);
    test.init(mode);
    test.server.logOn(await this.token());
    await this.settle();
    return test;
  }

  async token(appId = APP): Promise<string> {
    const { steamId } = await this.administration.createAccount();
    const made = await this.administration.createServerAccount({ owner: steamId, appId });
    return made.loginToken;
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let i = 0; i < 8; i++) await this.clock.advance(0);
  }

  async close(): Promise<void> {
    this.backend.close();
    await this.store.close();
  }

  #newBackend(): LocalBackend {
    const { store, clock, log, options } = this;
    const bus: Bus = this.bus.of(this.#node);
    const parts = {
      store,
      bus,
      clock,
      log,
      options,
      key: ticketKey,
      trustedKeys: [],
      node: this.#node,
    };
    return new LocalBackend(parts);
  }
}

/** The store cleans up every hour instead of every few seconds: months pass quicker, and nothing else changes. */
const slowed = (clock: FakeClock): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  after: (ms, task) => clock.after(Math.max(ms, 3_600_000), task),
  every: (ms, task) => clock.every(Math.max(ms, 3_600_000), task),
});

/** The interface of one game server with its signals as they came. */
export class TestGameServer {
  readonly state = new LiveState(initialSnapshot, { snapshot: {}, players: undefined });
  readonly rules = new Map<string, string>();
  readonly signals: QueuedSignal[] = [];
  readonly server: SteamGameServer;
  readonly authSessions: VerifierRegistry;

  constructor(
    readonly world: SteamWorld,
    choices: ServerChoices,
  ) {
    const { clock } = world;
    const log = choices.log ?? world.log;
    const defaults = {
      strictLicense: false,
      takeover: false,
      maxSessions: 64,
      pendingWarning: 20_000,
    };
    const { options, verifier, sharedSocket, address = '127.0.0.1' } = choices;
    this.authSessions = new VerifierRegistry({ ...defaults, ...verifier }, clock, log);
    this.server = new SteamGameServer({
      ...{ clock, log, sharedSocket, state: this.state, rules: this.rules },
      backend: 'backend' in choices ? choices.backend : world.backend,
      authSessions: this.authSessions,
      social: { open: (answers) => new SocialRequests(clock, 1000, answers) },
      address: () => address,
      options: { ...defaultGameServerOptions, ...options },
    });
    this.server.onAnySignal((signal) => this.signals.push(signal));
  }

  init(mode = 3, queryPort = 27016): boolean {
    return this.server.serverInit('127.0.0.1', 27015, queryPort, mode, '1.2.3.4');
  }

  /** Lets time pass without and delivers; the signals since the last time. */
  async pump(ms = 0): Promise<QueuedSignal[]> {
    await this.world.settle();
    await this.world.clock.advance(ms);
    await this.world.settle();
    this.signals.length = 0;
    this.server.runCallbacks();
    return [...this.signals];
  }

  /** Verdicts since the last time, as [response, owner]. */
  async verdicts(ms = 0): Promise<(readonly [number, bigint])[]> {
    return (await this.pump(ms)).flatMap((said) =>
      said.signal === 'validate_auth_ticket_response'
        ? [[said.data.response, said.data.owner_id] as const]
        : [],
    );
  }
}
