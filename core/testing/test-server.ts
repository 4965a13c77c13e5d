import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InjectOptions, Response } from 'light-my-request';
import pino from 'pino';
import { stringify } from 'yaml';
import { ServerError } from '../errors.js';
import type { ServerLog } from '../log.js';
import type { Logger } from '../logger.js';
import type { PeerAddress } from '../net/peer-address.js';
import type { Plugin } from '../plugin.js';
import { Server } from '../server.js';
import type { ServiceToken } from '../tokens.js';
import { FakeClock } from './fake-clock.js';
import { MemoryNetwork } from './memory-network.js';

/** What a server for one test is made of. */
export interface TestServerOptions {
  /** Sections of the configuration, by plugin name; a bundled plugin, or one of `at hand`. */
  readonly plugins: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Plugins that are no files: the one under test. */
  readonly atHand?: Readonly<Record<string, Plugin>>;
  /** Endpoints in place of the usual ones, which are all on port 0 of loopback. */
  readonly endpoints?: Readonly<Record<string, unknown>>;
  /** Other core keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Real sockets and the real clock in place of memory and {@link FakeClock}. */
  readonly real?: boolean;
  readonly log?: Logger | ServerLog;
}

const ANY = '127.0.0.1:0';
const ENDPOINTS = {
  http: { http: ANY },
  admin: { http: ANY },
  game: { udp: ANY },
  master: { udp: ANY },
  lobby: { tcp: ANY },
  'lobby-json': { tcp: ANY },
  relay: { tcp: ANY },
  datagrams: { udp: ANY },
  signaling: { tcp: ANY },
  rcon: { tcp: ANY },
};

/** A whole server for one test: memory store, no sockets for UDP, time by hand. `stop()` ends all of it. */
export class TestServer {
  readonly network = new MemoryNetwork();
  readonly clock = new FakeClock();
  server!: Server;
  readonly #folder = mkdtempSync(join(tmpdir(), 'beaconry-test-'));

  /** Where one endpoint is bound; with several sockets, the first. */
  address(endpoint: string): PeerAddress {
    const { udp, tcp, http } = this.server.endpoints;
    const found = (udp.get(endpoint) ?? tcp.get(endpoint) ?? http.get(endpoint))?.addresses[0];
    if (found === undefined) throw new ServerError('NO_ENDPOINT', `no bound endpoint ${endpoint}`);
    return found;
  }

  /** Sends a datagram to an endpoint in memory and gives the answers. */
  ask(endpoint: string, bytes: Uint8Array, from?: string): Uint8Array[] {
    return this.network.ask(this.address(endpoint), bytes, from);
  }

  /** An HTTP request without a socket. */
  async request(options: InjectOptions | string, endpoint = 'http'): Promise<Response> {
    const http = this.server.endpoints.http.get(endpoint);
    if (http === undefined) throw new ServerError('NO_ENDPOINT', `no http endpoint ${endpoint}`);
    return http.inject(typeof options === 'string' ? { method: 'GET', url: options } : options);
  }

  /** Runs a command as an operator types it and gives what it returns. */
  command(name: string, texts: Readonly<Record<string, string>> = {}): Promise<unknown> {
    return this.server.commands.run(name, texts, { by: 'test', source: 'cli' });
  }

  get<T>(token: ServiceToken<T>): T {
    return this.server.service(token);
  }

  async start(options: TestServerOptions): Promise<this> {
    const text = stringify({
      endpoints: { ...ENDPOINTS, ...options.endpoints },
      data: this.#folder,
      store: { driver: 'memory' },
      ...options.config,
      plugins: options.plugins,
    });
    this.server = await Server.prepare({
      source: { path: join(this.#folder, 'test.yaml'), text },
      log: options.log ?? pino({ level: 'silent' }),
      poison: true,
      ...(options.atHand === undefined ? {} : { plugins: options.atHand }),
      ...(options.real === true
        ? {}
        : { clock: this.clock, openDriver: (driver) => this.network.open(driver) }),
    });
    await this.server.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.server?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a server with these plugins; the test stops it in `afterEach`. */
export async function startTestServer(options: TestServerOptions): Promise<TestServer> {
  const test = new TestServer();
  try {
    return await test.start(options);
  } catch (error) {
    await test.stop();
    throw error;
  }
}
