import { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { startTestServer } from 'beaconry/testing';
import pino from 'pino';
import { answer } from './answering.js';

/** A backend with a store in a file, on a real socket. */
const { data, port, log, config } = JSON.parse(process.argv[2] as string) as {
  data: string;
  port: number;
  log: string;
  config: Record<string, unknown>;
};
const server = await startTestServer({
  real: true,
  log: pino({ level: 'trace' }, pino.destination({ dest: log, sync: true, append: true })),
  plugins: { 'steam-backend': config },
  endpoints: { http: { http: `127.0.0.1:${port}` } },
  config: { data, store: { driver: 'sqlite', path: `${data}/backend.db` } },
});
const administration = server.get(SteamAdministration);

answer({
  port: () => server.address('http').port,
  do: (name: keyof SteamAdministration, ...args: never[]) =>
    (administration[name] as (...args: never[]) => unknown).apply(administration, args),
  /** Accounts with a licence each: their keys. */
  players: async (count: number, appId: number) => {
    const keys: string[] = [];
    for (let i = 0; i < count; i++) {
      const { steamId, accountKey } = await administration.createAccount();
      await administration.grantLicence({ steamId, appId });
      keys.push(accountKey);
    }
    return keys;
  },
});
