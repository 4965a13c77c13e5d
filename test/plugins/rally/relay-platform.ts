import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { freePorts } from '../../end-to-end/free-ports.js';

export const APP = 480;

/** A player with an account, logged on. */
export interface Player {
  readonly steamId: bigint;
  readonly token: string;
}

/** What players have beside the rally, on a node of its own with real sockets: accounts, coordinator, signaling, relay. */
export class RelayPlatform {
  private constructor(
    readonly server: TestServer,
    private readonly keys: string,
    readonly relayPort: number,
  ) {}

  static async start(): Promise<RelayPlatform> {
    const keys = mkdtempSync(join(tmpdir(), 'beaconry-keys-'));
    chmodSync(keys, 0o700);
    const [port = 0] = await freePorts(1, 'udp');
    const relay = { ipv4: '127.0.0.1', firstPort: port, lastPort: port };
    const server = await startTestServer({
      real: true,
      endpoints: { datagrams: { udp: `127.0.0.1:${port}` } },
      plugins: {
        'steam-backend': { accounts: 'self-service', freeApps: 'all', anonymousServers: 'full' },
        ...{ 'auth-sessions': {}, 'game-server': { appId: APP }, 'web-api': {} },
        coordinator: {
          ...{ keys, dev: true },
          pops: { dev: { relays: [relay], serviceAddressRanges: ['127.0.0.0/8'] } },
        },
        signaling: {},
        'datagram-relay': { dev: true, drainTime: '0s' },
        'fake-ip': {},
      },
    });
    return new RelayPlatform(server, keys, port);
  }

  get url(): string {
    return `http://${this.server.address('http')}`;
  }
  get signaling(): string {
    return `${this.server.address('signaling')}`;
  }
  /** Public line of the root. */
  get root(): string {
    return readFileSync(join(this.keys, 'root.pub'), 'utf8').trim();
  }

  async player(): Promise<Player> {
    const { steamId, accountKey } = await this.#post('/v1/accounts', { name: 'driver' });
    const { token } = await this.#post('/v1/logon', { accountKey, appId: APP });
    return { steamId: BigInt(steamId ?? 0), token: token ?? '' };
  }

  /** A ticket to join one rally with, in hex. */
  async ticketOf({ token }: Player): Promise<string> {
    const { ticket } = await this.#post('/v1/tickets', { appId: APP }, token);
    return Buffer.from(ticket ?? '', 'base64').toString('hex');
  }

  /** A game server that hides: its identity, and the FakeIP by which players find it. */
  async hiddenServer(): Promise<{ readonly identity: string; readonly fakeIp: string }> {
    const ports = { gamePort: 27015, queryPort: 27016 };
    const init = { appId: APP, version: '1.0.0.0', ...ports };
    const { handle = '' } = await this.#post('/v1/gameservers', init);
    await this.#post('/v1/gameservers/self/logon', {}, handle);
    for (const end = Date.now() + 10_000; ; ) {
      try {
        const body = { appId: APP, ports: 1 };
        const allocated = await this.#post('/v1/fake-ips', body, handle);
        const { identity = '', address, ports } = allocated;
        return { identity, fakeIp: `${address}:${ports?.[0]}` };
      } catch (error) {
        // The logon takes a moment.
        if (Date.now() > end) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.keys, { recursive: true });
  }

  async #post(
    path: string,
    body: object,
    bearer?: string,
  ): Promise<Readonly<Record<string, string>> & { readonly ports?: readonly number[] }> {
    const answer = await fetch(`${this.url}${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      },
    });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${said}`);
    return JSON.parse(said);
  }
}
