import { SteamGameServer } from 'beaconry/plugins/game-server';
import { startTestServer } from 'beaconry/testing';
import pino from 'pino';
import { answer } from './answering.js';

/** A game server with real query and backend sockets. */
const { backend, log } = JSON.parse(process.argv[2] as string) as { backend: string; log: string };
const test = await startTestServer({
  real: true,
  log: pino({ level: 'trace' }, pino.destination({ dest: log, sync: true, append: true })),
  plugins: {
    'steam-backend': { backend },
    'auth-sessions': {},
    social: {},
    rules: {},
    'game-server': { pump: '10ms' },
    a2s: { endpoint: 'game' },
  },
});
const server = test.get(SteamGameServer);
const signals: unknown[] = [];
server.onAnySignal((signal) => signals.push(signal));

/** Waits until the signals hold what the caller wants. */
const until = async (wanted: () => boolean, ms: number): Promise<void> => {
  const end = Date.now() + ms;
  while (!wanted() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
};

answer({
  queryPort: () => test.address('game').port,
  logOn: async (token: string) => {
    server.serverInit('', 27015, 27016, 3, '1.0.0.0');
    server.logOn(token);
    await until(() => server.loggedOn(), 5000);
    server.setAdvertiseServerActive(true);
    return server.getSteamID();
  },
  begin: (ticket: Uint8Array, steamId: bigint) => server.beginAuthSession(ticket, steamId),
  beginAll: async (tickets: readonly (readonly [Uint8Array, bigint])[]) => {
    const answers = tickets.map(([ticket, steamId]) => server.beginAuthSession(ticket, steamId));
    const settled = () => server.sessions().every((session) => session.state !== 'pending');
    await until(settled, 60_000);
    return answers;
  },
  end: (steamId: bigint) => server.endAuthSession(steamId),
  states: () => {
    const states: Record<string, number> = {};
    for (const { state } of server.sessions()) states[state] = (states[state] ?? 0) + 1;
    return { ...states, loggedOn: server.loggedOn() };
  },
  /** The verdicts on a user, waiting for as many as are wanted. */
  verdicts: async (steamId: bigint, count: number, ms: number) => {
    const of = () =>
      (signals as { signal: string; data: Record<string, unknown> }[])
        .filter(({ signal }) => signal === 'validate_auth_ticket_response')
        .filter(({ data }) => data.auth_id === steamId)
        .map(({ data }) => [data.response, data.owner_id]);
    await until(() => of().length >= count, ms);
    return of();
  },
  signals: () => signals,
  waitFor: async (signal: string, count: number, ms: number) => {
    const of = () => (signals as { signal: string }[]).filter((said) => said.signal === signal);
    await until(() => of().length >= count, ms);
    return of();
  },
  diagnose: () => server.diagnose().map(({ code }) => code),
});
