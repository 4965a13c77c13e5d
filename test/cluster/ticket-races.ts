import { randomBytes } from 'node:crypto';
import { EAuthSessionResponse, EServerMode } from 'beaconry/steam';
import { openBus } from '../../core/bus/open-bus.js';
import { SystemClock } from '../../core/clock.js';
import { RedisStoreDriver } from '../../core/store/redis-store.js';
import { defaultBackendOptions } from '../../plugins/steam-backend/backend-options.js';
import { LocalAdministration } from '../../plugins/steam-backend/local-administration.js';
import { LocalBackend } from '../../plugins/steam-backend/local-backend.js';
import type { PlayerLink, ServerLink } from '../../plugins/steam-backend/public.js';
import { newTicketKey } from '../../plugins/steam-backend/ticket-key.js';
import { silentLog } from '../core/store/silent-log.js';

const APP = 480;
const ignore = () => {};
const playerEvents = { verdict: ignore, licences: ignore, lost: ignore };
const serverEvents = { ...playerEvents, policy: ignore, outOfDate: ignore };
const key = newTicketKey();

export interface RaceResult {
  readonly tickets: number;
  /** Tickets that got in exactly once, and more often. */
  readonly once: number;
  readonly doubles: number;
  /** Tickets whose uses were both refused because the store was away or unsure. */
  readonly refused: number;
}

/** The backend of one node on a store that others share, with one game server that verifies. */
export class TicketNode {
  server!: ServerLink;
  private constructor(
    readonly backend: LocalBackend,
    private readonly store: RedisStoreDriver,
    private readonly closings: readonly (() => Promise<void>)[],
  ) {}

  static async start(
    node: string,
    url: string,
    prefix: string,
    replicas: number,
  ): Promise<TicketNode> {
    const clock = new SystemClock();
    const store = await RedisStoreDriver.open(
      { url, prefix, replicas, durability: 'normal', ca: null },
      { clock, log: silentLog },
    );
    const bus = await openBus(store, { node, log: silentLog });
    const backend = new LocalBackend({
      ...{ store: store.namespace('steam-backend'), bus, clock, log: silentLog, node, key },
      trustedKeys: [],
      options: { ...defaultBackendOptions, readyDelay: 0, freeApps: 'all' },
    });
    const started = new TicketNode(backend, store, [() => bus.close(), () => store.close()]);
    try {
      await started.#open();
    } catch (error) {
      await started.close();
      throw error;
    }
    return started;
  }

  async #open(): Promise<void> {
    const { backend } = this;
    await backend.start();
    const logon = await backend.logOnServer(
      {
        ...{ token: null, appId: APP, product: 'test', version: '1', address: '127.0.0.1' },
        ...{ mode: EServerMode.AuthenticationAndSecure, gamePort: 27015, queryPort: 27015 },
      },
      serverEvents,
    );
    if (!logon.ok) throw new Error(`the server was refused: ${logon.result}`);
    this.server = logon.link;
  }

  get healthy(): boolean {
    return this.store.health() === undefined;
  }

  async players(count: number): Promise<PlayerLink[]> {
    const administration = new LocalAdministration(this.backend);
    const links: PlayerLink[] = [];
    for (let i = 0; i < count; i++) {
      const { accountKey } = await administration.createAccount();
      const logon = await this.backend.logOnPlayer(
        { credential: { accountKey }, address: `10.0.${i >> 8}.${i & 255}` },
        playerEvents,
      );
      if (!logon.ok) throw new Error(`a player was refused: ${logon.result}`);
      links.push(logon.link);
    }
    return links;
  }

  async close(): Promise<void> {
    this.backend.close();
    for (const close of this.closings) await close();
  }
}

/** Uses each of so many tickets at both nodes at once, and again afterwards wherever nobody could say. */
export async function raceTickets(
  nodes: readonly TicketNode[],
  players: readonly PlayerLink[],
  tickets: number,
  progress: (raced: number) => void = ignore,
): Promise<RaceResult> {
  const [issuer] = nodes as [TicketNode];
  let [left, raced, once, doubles, refused] = [tickets, 0, 0, 0, 0];
  const turns = players.map(async (player) => {
    const connection = player.resume.connection;
    let [token] = issuer.backend.tickets.newPool(connection);
    while (left-- > 0) {
      const authPart = authPartOf(token ?? 0n, player.steamId);
      token = await registerTicket(issuer, player, authPart);
      let uses = 0;
      for (let attempt = 0; attempt < 3; attempt++) {
        const verdicts = await Promise.all(
          nodes.map(({ server }) => useTicket(server, player, authPart)),
        );
        uses += verdicts.filter((verdict) => verdict === 'in').length;
        if (!verdicts.includes('unsure')) break;
        await pause(50);
      }
      if (uses === 0) refused++;
      else if (uses === 1) once++;
      else doubles++;
      progress(++raced);
    }
  });
  await Promise.all(turns);
  return { tickets, once, doubles, refused };
}

/** Registers the ticket, however often the store has to be asked; the next token. */
export async function registerTicket(
  { backend }: TicketNode,
  player: PlayerLink,
  authPart: Uint8Array,
): Promise<bigint | undefined> {
  const { connection } = player.resume;
  const ticket = { handle: 1, appId: APP, authPart, identity: null };
  for (let attempt = 0; ; attempt++) {
    try {
      const answer = await backend.tickets.register(connection, player.steamId, ticket);
      return answer.connectTokens[0] ?? backend.tickets.newPool(connection)[0];
    } catch (error) {
      if (attempt === 200) throw error;
      await pause(50);
      // The token is spent, whatever became of the ticket.
      const [token] = backend.tickets.newPool(connection);
      new DataView(authPart.buffer).setBigUint64(4, token ?? 0n, true);
    }
  }
}

/** A use under a session of its own, as of another process: only one of all may get in. */
export async function useTicket(
  server: ServerLink,
  { steamId }: PlayerLink,
  authPart: Uint8Array,
): Promise<'in' | 'out' | 'unsure'> {
  const session = randomBytes(8).toString('hex');
  try {
    const verdict = await server.beginSession({
      ...{ steamId, session, appId: APP, response: null },
      authPart: Buffer.from(authPart).toString('hex'),
      token: new DataView(authPart.buffer).getBigUint64(4, true),
    });
    return verdict.response === EAuthSessionResponse.OK ? 'in' : 'out';
  } catch {
    return 'unsure';
  }
}

export function authPartOf(token: bigint, steamId: bigint): Uint8Array {
  const part = new Uint8Array(52);
  const view = new DataView(part.buffer);
  view.setUint32(0, 20, true);
  view.setBigUint64(4, token, true);
  view.setBigUint64(12, steamId, true);
  view.setUint32(24, 24, true);
  view.setUint32(28, 1, true);
  view.setUint32(32, 2, true);
  return part;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
