import { SystemClock } from 'beaconry';
import { RemoteBackend, SteamClient } from 'beaconry/steam-client';
import { answer } from './answering.js';

/** Players, each with a logon of his own over one real socket. */
const { backend: url } = JSON.parse(process.argv[2] as string) as { backend: string };
const clock = new SystemClock();
const log = { warn: () => {} };
const backend = new RemoteBackend(url, clock);
const players = new Map<bigint, SteamClient>();

const logOn = async (accountKey: string): Promise<bigint> => {
  const client = new SteamClient({ backend, clock, log, retryInterval: 200 });
  const steamId = await client.logOn({ accountKey });
  players.set(steamId, client);
  return steamId;
};
const ticketOf = async (steamId: bigint, appId: number) =>
  (players.get(steamId) as SteamClient).getAuthSessionTicket(appId);

answer({
  logOn,
  ticket: ticketOf,
  cancel: (steamId: bigint, handle: number) => players.get(steamId)?.cancelAuthTicket(handle),
  playing: (steamId: bigint, appId: number) => players.get(steamId)?.setPlaying(appId),
  online: () => [...players.values()].filter((client) => client.loggedOn).length,
  /** Logs everybody on and gives a ticket of each. */
  ticketsOf: async (keys: readonly string[], appId: number) => {
    const tickets: (readonly [Uint8Array, bigint])[] = [];
    for (const key of keys) {
      const steamId = await logOn(key);
      tickets.push([(await ticketOf(steamId, appId)).bytes, steamId]);
    }
    return tickets;
  },
});
