/**
 * Tickets validated per second on one core beside the bare RSA check of the same tickets in the same run:
 * `begin` is the game server's part, from bytes to the answer of beginAuthSession; `backend` is that of the
 * backend and its store, from the uploaded session to the verdict; `verdict` is the whole way with both in one
 * process. Prints one line of figures; all three ratios should be at least 0.5.
 */
import { SystemClock } from 'beaconry';
import type { SessionUpload } from 'beaconry/plugins/steam-backend';
import { AUTH_PART_LENGTH, decodeTicket, TrustedIssuers } from 'beaconry/steam';
import pino from 'pino';
import { LocalBus } from '../core/bus/local-bus.js';
import { MemoryStore } from '../core/store/memory-store.js';
import { SessionVerifier } from '../plugins/auth-sessions/session-verifier.js';
import { defaultBackendOptions } from '../plugins/steam-backend/backend-options.js';
import { SteamClient } from '../plugins/steam-backend/client/steam-client.js';
import { LocalAdministration } from '../plugins/steam-backend/local-administration.js';
import { LocalBackend } from '../plugins/steam-backend/local-backend.js';
import { newTicketKey } from '../plugins/steam-backend/ticket-key.js';

const APP = 480;
const QUICK = process.argv.includes('--quick');
const PLAYERS = QUICK ? 100 : 1000;
/** Two tickets each: a player gets 60 at once. */
const ROUNDS = QUICK ? 3 : 28;
const WARM_UP = QUICK ? 1 : 10;
const GROUP = 20;

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

const events = {
  verdict: () => {},
  licences: () => {},
  policy: () => {},
  outOfDate: () => {},
  lost: () => {},
};
const answer = await backend.logOnServer(
  {
    ...{ token: null, appId: APP, product: 'bench', version: '1', mode: 3 },
    ...{ gamePort: 1, queryPort: 2, address: '10.1.0.1' },
  },
  events,
);
if (!answer.ok) throw new Error('the bench server could not log on');
const { link } = answer;
const verifierOptions = {
  ...{ appId: APP, mode: 3, strictLicense: false, takeover: false },
  ...{ maxSessions: PLAYERS, pendingWarning: 20_000 },
};
const verifier = new SessionVerifier(verifierOptions, clock, log);
verifier.attach(link);
// Its backend never answers: what is left is the work of the game server.
const alone = new SessionVerifier(verifierOptions, clock, log);
const silence = () => new Promise<never>(() => {});
alone.attach({
  ...{ steamId: 1n, resume: { connection: '', secret: '' }, publicAddress: '', drop: () => {} },
  ...{ connectTokens: [], trustedKeys: [key.publicKeyPem], ownership: silence, logOff: silence },
  ...{ registerTicket: silence, cancelTicket: silence, beginSession: silence },
  ...{ uploadSessions: silence, endSession: async () => {} },
});
const issuers = new TrustedIssuers([key.publicKeyPem]);

let approved = 0;
let [awaited, allCame] = [0, () => {}];
// As the game server's interface hears them.
verifier.onVerdict(({ response }) => {
  if (response === 0) approved++;
  if (--awaited === 0) allCame();
});
let uploadedSoFar = 0;
const toUpload = (bytes: Uint8Array, steamId: bigint): SessionUpload => ({
  steamId,
  session: `bench.${++uploadedSoFar}`,
  appId: APP,
  authPart: Buffer.from(bytes.subarray(0, AUTH_PART_LENGTH)).toString('hex'),
  token: decodeTicket(bytes).gameConnect?.token ?? 0n,
  response: null,
});
const nextVerdicts = (count: number) =>
  new Promise<void>((resolve) => {
    [awaited, allCame] = [count, resolve];
  });
const bare: number[] = [];
const begun: number[] = [];
const judged: number[] = [];
const whole: number[] = [];
const median = (values: number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
for (let round = 0; round < ROUNDS; round++) {
  const tickets: (readonly [Uint8Array, bigint])[] = [];
  const uploads: SessionUpload[] = [];
  for (const client of clients) {
    tickets.push([(await client.getAuthSessionTicket(APP)).bytes, client.steamId]);
    const { bytes } = await client.getAuthSessionTicket(APP);
    uploads.push(toUpload(bytes, client.steamId));
  }
  // In small groups, each measured both ways, so that other work on the machine disturbs both alike.
  for (let from = 0; from < tickets.length; from += GROUP) {
    const group = tickets.slice(from, from + GROUP);
    const parsed = group.map(([bytes]) => decodeTicket(bytes));
    const start = performance.now();
    for (const { signedBytes, signature } of parsed) {
      if (signature === undefined || !issuers.verify(signedBytes, signature)) {
        throw new Error('signature');
      }
    }
    const between = performance.now();
    for (const [bytes, steamId] of group) {
      if (alone.begin(bytes, steamId) !== 0) throw new Error('begin');
    }
    const answered = performance.now();
    const uploaded = uploads.slice(from, from + GROUP);
    const asked = performance.now();
    const judgements = await Promise.all(uploaded.map((upload) => link.beginSession(upload)));
    const verdictsCame = performance.now();
    if (judgements.some(({ response }) => response !== 0)) throw new Error('backend');
    for (const { steamId, session } of uploaded) await link.endSession(steamId, session);
    const answers = nextVerdicts(group.length);
    const begunAgain = performance.now();
    for (const [bytes, steamId] of group) {
      if (verifier.begin(bytes, steamId) !== 0) throw new Error('begin');
    }
    await answers;
    const end = performance.now();
    for (const [, steamId] of group) alone.end(steamId);
    if (round < WARM_UP) continue;
    bare.push(between - start);
    begun.push(answered - between);
    judged.push(verdictsCame - asked);
    whole.push(end - begunAgain);
  }
  for (const [, steamId] of tickets) verifier.end(steamId);
  await new Promise((resolve) => setTimeout(resolve, 50));
}
if (approved !== PLAYERS * ROUNDS) throw new Error(`only ${approved} tickets were approved`);
const perSecond = (ms: number) => Math.round((GROUP / ms) * 1000);
const figures = (times: number[]) => ({
  perSecond: perSecond(median(times)),
  ratio: Number((median(bare) / median(times)).toFixed(2)),
});
process.stdout.write(
  `${JSON.stringify({
    rsaChecksPerSecond: perSecond(median(bare)),
    begin: figures(begun),
    backend: figures(judged),
    verdict: figures(whole),
    tickets: whole.length * GROUP,
  })}\n`,
);
alone.close();
for (const client of clients) client.close();
verifier.close();
backend.close();
await bus.close();
await store.close();
process.exit(0);
