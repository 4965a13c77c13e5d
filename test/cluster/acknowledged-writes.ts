import { SteamClient } from 'beaconry/steam-client';
import { SystemClock } from '../../core/clock.js';
import { RemoteBackend } from '../../plugins/steam-backend/remote-backend.js';
import { silentLog } from '../core/store/silent-log.js';
import { FrontAddress } from './front-address.js';
import type { NodeProcess } from './node-process.js';
import { pause } from './traffic.js';

const APP = 480;
const players = 4;
/** Accounts whose keys are tried at the end; a node lets one address log on so often, and not more. */
const logons = 200;

interface Account {
  readonly steamId: string;
  readonly accountKey: string;
}

interface UsedTicket {
  readonly bytes: Uint8Array;
  readonly steamId: bigint;
}

/**
 * Bans, accounts and tickets, written at two nodes as fast as they take them; remembers what was acknowledged.
 * Players stay logged on all the time, through an address that leads to a node that runs.
 */
export class AcknowledgedWrites {
  readonly bans: string[] = [];
  readonly accounts: Account[] = [];
  readonly used: UsedTicket[] = [];
  /** Tickets that got in at both nodes, and players whose logon was ended for good. */
  doubles = 0;
  ended = 0;
  readonly #clock = new SystemClock();
  readonly #fronts: FrontAddress[] = [];
  readonly #backends: RemoteBackend[] = [];
  readonly #clients: SteamClient[] = [];
  readonly #down = new Set<NodeProcess>();
  #running = false;
  #loops: readonly Promise<void>[] = [];

  constructor(private readonly nodes: readonly [NodeProcess, NodeProcess]) {}

  async open(): Promise<void> {
    for (const i of [0, 1] as const) {
      const front = await FrontAddress.open(() => portOf(this.#living(i).at('http')));
      this.#fronts.push(front);
      this.#backends.push(
        new RemoteBackend(`ws://127.0.0.1:${front.port}/v1/backend`, this.#clock),
      );
    }
  }

  /** While a node is down nobody is sent there. */
  leaves(node: NodeProcess): void {
    this.#down.add(node);
  }

  /** Everybody comes again, to the nodes where they belong. */
  returned(node: NodeProcess): void {
    this.#down.delete(node);
    for (const front of this.#fronts) front.cut();
  }

  async start(): Promise<void> {
    this.#running = true;
    const verifiers = await Promise.all(this.#backends.map((backend) => this.#player(backend)));
    const loops = this.nodes.flatMap((node, i) => [
      this.#repeat((round) => this.#ban(node, `10.${i}.${round >> 8}.${round & 255}`)),
      this.#repeat(() => this.#account(node)),
    ]);
    for (let i = 0; i < players; i++) {
      const player = await this.#player(this.#backends[i % 2] as RemoteBackend);
      loops.push(this.#repeat(() => this.#ticket(player, verifiers)));
    }
    this.#loops = loops;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  async close(): Promise<void> {
    await this.stop();
    for (const client of this.#clients) client.close();
    for (const backend of this.#backends) backend.close();
    for (const front of this.#fronts) await front.close();
  }

  /** What that node has not, of all that was acknowledged. */
  async missingAt(node: NodeProcess): Promise<string[]> {
    const kept = new Set<string>();
    for (let after: number | null = 0; after !== null; ) {
      const answer = await node.admin(`/bans?limit=1000&after=${after}`);
      const page = (await answer.json()) as { items: { subject: string }[]; next: number | null };
      for (const { subject } of page.items) kept.add(subject);
      after = page.next;
    }
    const missing = this.bans.filter((subject) => !kept.has(subject));
    const backend = new RemoteBackend(`ws://${node.at('http')}/v1/backend`, this.#clock);
    try {
      const known = await accountsAt(node);
      for (const { steamId } of this.accounts) {
        if (!known.has(steamId)) missing.push(`account ${steamId}`);
      }
      for (const { accountKey } of this.accounts.slice(-logons)) {
        const client = this.#client(backend);
        await client.logOn({ accountKey });
        await client.logOff();
      }
      const verifier = this.#client(backend);
      await verifier.logOn({ accountKey: this.accounts[0]?.accountKey ?? '' });
      for (const { bytes, steamId } of this.used) {
        if (verifier.beginAuthSession(bytes, steamId, APP) !== 0) continue;
        const { response } = await verifier.waitForVerdict(steamId, 4000);
        if (response === 0) missing.push(`use of a ticket of ${steamId}`);
        verifier.endAuthSession(steamId);
      }
      await verifier.logOff();
    } finally {
      backend.close();
    }
    return missing;
  }

  #living(preferred: 0 | 1): NodeProcess {
    const [node, other] = [this.nodes[preferred], this.nodes[1 - preferred] as NodeProcess];
    return this.#down.has(node) ? other : node;
  }

  async #repeat(work: (round: number) => Promise<unknown>): Promise<void> {
    for (let round = 0; this.#running; round++) {
      await work(round).catch(() => pause(50));
      await pause(10);
    }
  }

  async #ban(node: NodeProcess, address: string): Promise<void> {
    const answer = await node.admin('/bans', { subject: `${address}/32`, reason: 'test' });
    const text = await answer.text();
    if (answer.status === 201) this.bans.push((JSON.parse(text) as { subject: string }).subject);
  }

  async #account(node: NodeProcess): Promise<void> {
    this.accounts.push(await newAccount(node));
  }

  #client(backend: RemoteBackend): SteamClient {
    return new SteamClient({ backend, clock: this.#clock, log: silentLog, retryInterval: 100 });
  }

  async #player(backend: RemoteBackend): Promise<SteamClient> {
    const { accountKey } = await newAccount(this.nodes[0]);
    const client = this.#client(backend);
    client.onLost((_result, retrying) => {
      if (!retrying) this.ended++;
    });
    this.#clients.push(client);
    await client.logOn({ accountKey });
    return client;
  }

  /** One ticket is shown at both nodes at once. */
  async #ticket(player: SteamClient, verifiers: readonly SteamClient[]): Promise<void> {
    const { steamId } = player;
    if (steamId === 0n) return;
    const { bytes } = await player.getAuthSessionTicket(APP);
    const responses = await Promise.all(
      verifiers.map(async (verifier) => {
        if (verifier.beginAuthSession(bytes, steamId, APP) !== 0) return undefined;
        const verdict = verifier.waitForVerdict(steamId, 4000);
        return verdict.then(({ response }) => response).catch(() => undefined);
      }),
    );
    const uses = responses.filter((response) => response === 0).length;
    if (uses > 1) this.doubles++;
    if (uses > 0) this.used.push({ bytes, steamId });
    for (const verifier of verifiers) verifier.endAuthSession(steamId);
    // As often as a player gets tickets.
    await pause(400);
  }
}

async function newAccount(node: NodeProcess): Promise<Account> {
  const answer = await node.admin('/commands/account-add', { texts: {} });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { result: Account }).result;
}

async function accountsAt(node: NodeProcess): Promise<Set<string>> {
  const found = new Set<string>();
  for (let after = ''; ; ) {
    const answer = await node.admin('/commands/account-list', { texts: { after, limit: '1000' } });
    const { result } = (await answer.json()) as { result: { steamId: string }[] };
    for (const { steamId } of result) found.add(steamId);
    if (result.length < 1000) return found;
    after = result.at(-1)?.steamId ?? '';
  }
}

const portOf = (address: string): number => Number(address.split(':').at(-1));
