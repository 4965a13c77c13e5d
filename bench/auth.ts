/**
 * Tickets validated per second on one core, from bytes to verdict, beside the bare RSA check of the same
 * tickets in the same run. Prints one line of figures; the ratio should be at least 0.5.
 */
import { SystemClock } from 'beaconry';
import { decodeTicket, TrustedIssuers } from 'beaconry/steam';
import pino from 'pino';
import { LocalBus } from '../core/bus/local-bus.js';
import { MemoryStore } from '../core/store/memory-store.js';
import { SessionVerifier } from '../plugins/auth-sessions/session-verifier.js';
import { defaultBackendOptions } from '../plugins/steam-backend/backend-options.js';
import { LocalAdministration } from '../plugins/steam-backend/local-administration.js';
import { LocalBackend } from '../plugins/steam-backend/local-backend.js';
import { newTicketKey } from '../plugins/steam-backend/ticket-key.js';
import { SteamClient } from '../plugins/steam-backend/client/steam-client.js';

const APP = 480;
const PLAYERS = 500;
const ROUNDS = 12;

const clock = new SystemClock();
const log = pino({ level: 'silent' });
const key = newTicketKey();
const store = new MemoryStore(clock);
const bus = new LocalBus({ node: 'bench', log });
const options = { ...defaultBackendOptions, readyDelay: 0 };
const backend = new LocalBackend({
  ...{ store, bus, clock, log, node: 'bench', key, trustedKeys: [], options },
});
await backend.start();
const administration = new LocalAdministration(backend);

const clients: SteamClient[] = [];
for (let i = 0; i < PLAYERS; i++) {
  const { steamId, accountKey } = await administration.createAccount();
  await administration.grantLicence({ steamId, appId: APP });
  const client = new SteamClient({ backend, clock, log, address: `10.0.${i >> 8}.${i & 255}` });
  await client.logOn({ accountKey });
  clients.push(client);
}

const events = { verdict: () => {}, licences: () => {}, policy: () => {}, outOfDate: () => {}, lost: () => {} };
const answer = await backend.logOnServer(
  {
    ...{ token: null, appId: APP, product: 'bench', version: '1', mode: 3 },
    ...{ gamePort: 1, queryPort: 2, address: '10.1.0.1' },
  },
  events,
);
if (!answer.ok) throw new Error('the bench server could not log on');
const verifier = new SessionVerifier(
  {
    ...{ appId: APP, mode: 3, strictLicense: false, takeover: false },
    ...{ maxSessions: PLAYERS, pendingWarning: 20_000 },
  },
  clock,
  log,
);
verifier.attach(answer.link);
const issuers = new TrustedIssuers([key.publicKeyPem]);

let [validated, bare, whole, approved] = [0, 0, 0, 0];
for (let round = 0; round < ROUNDS; round++) {
  const tickets: (readonly [Uint8Array, bigint])[] = [];
  for (const client of clients) {
    tickets.push([(await client.getAuthSessionTicket(APP)).bytes, client.steamId]);
  }
  const parsed = tickets.map(([bytes]) => decodeTicket(bytes));
  const measured = round >= 2;

  let start = performance.now();
  for (const { signedBytes, signature } of parsed) {
    if (signature === undefined || !issuers.verify(signedBytes, signature)) throw new Error('signature');
  }
  if (measured) bare += performance.now() - start;

  start = performance.now();
  const verdicts = tickets.map(([bytes, steamId]) => {
    if (verifier.begin(bytes, steamId) !== 0) throw new Error('begin');
    return verifier.waitForVerdict(steamId, 10_000);
  });
  for (const { response } of await Promise.all(verdicts)) if (response === 0) approved++;
  if (measured) {
    whole += performance.now() - start;
    validated += tickets.length;
  }
  for (const [, steamId] of tickets) verifier.end(steamId);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
if (approved !== PLAYERS * ROUNDS) throw new Error(`only ${approved} tickets were approved`);
const perSecond = (ms: number) => Math.round((validated / ms) * 1000);
process.stdout.write(
  `${JSON.stringify({
    validatedPerSecond: perSecond(whole),
    rsaChecksPerSecond: perSecond(bare),
    ratio: Number((bare / whole).toFixed(2)),
    tickets: validated,
  })}\n`,
);
for (const client of clients) client.close();
verifier.close();
backend.close();
await bus.close();
await store.close();
process.exit(0);
