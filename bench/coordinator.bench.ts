// Certificates and tickets that the coordinator issues per CPU second beside bare Ed25519 signatures of the same
// bytes, in turns within one run. `--quick` is a smoke run.

import { createPrivateKey, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import { Coordinator } from 'beaconry/plugins/coordinator';
import { startTestServer } from 'beaconry/testing';
import coordinator from '../plugins/coordinator/index.js';
import {
  decodeCertificateText,
  encodeCertificateRequest,
} from '../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../plugins/coordinator/sdr/certificate-issue.js';
import { encodeHostedRoute } from '../plugins/coordinator/sdr/hosted-address-codec.js';
import { encodePopCode } from '../plugins/coordinator/sdr/pop-code-codec.js';
import { decodeSignedRelayTicket } from '../plugins/coordinator/sdr/relay-ticket-codec.js';
import { encodeServerLogin } from '../plugins/coordinator/sdr/server-login.js';
import { SigningKey } from '../plugins/coordinator/sdr/signing-key.js';

const quick = process.argv.includes('--quick');
const COUNT = quick ? 200 : 4000;
const ROUNDS = quick ? 1 : 7;

const folder = mkdtempSync(join(tmpdir(), 'beaconry-bench-'));
const server = await startTestServer({
  plugins: { coordinator: { keys: folder, apps: [730], pops: { fra: {} } } },
  atHand: { coordinator },
});
const service = server.get(Coordinator);
const now = Math.floor(server.clock.now() / 1000);
const root = SigningKey.fromText(readFileSync(join(folder, 'root.key'), 'utf8'), 'root.key');
const key = SigningKey.generate();
const certificate = issueCertificate(root, {
  publicKey: key.publicKey.bytes,
  createdAt: now,
  expiresAt: now + 86_400,
  appIds: [730],
  pops: [encodePopCode('fra')],
});
const identity = 'steamid:90071992547409921';
await service.loginServer(
  encodeServerLogin(
    {
      identity,
      appId: 730,
      appData: new Uint8Array(),
      generatedAt: now,
      routing: encodeHostedRoute({
        pop: 'fra',
        address: PeerAddress.of('192.0.2.10', 27015),
        secret: 5n,
      }),
    },
    { key, certificate },
  ),
);

const request = encodeCertificateRequest({ publicKey: key.publicKey.bytes });
const issueTicket = () =>
  service.issueTicket({ appId: 730, client: 'str:alice', server: identity });
const signon = () => service.signon({ identity: 'str:alice', appId: 730 }, request);
const ticketBytes = decodeSignedRelayTicket(await issueTicket()).ticket;
const bodyBytes = decodeCertificateText((await signon()).certificate).body;
const bareKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]),
  format: 'der',
  type: 'pkcs8',
});

const works: Record<string, () => unknown> = {
  ticket: issueTicket,
  'bare signature of a ticket': () => sign(null, ticketBytes, bareKey),
  certificate: signon,
  'bare signature of a certificate': () => sign(null, bodyBytes, bareKey),
};
const rates = new Map<string, number[]>(Object.keys(works).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, work] of Object.entries(works)) {
    const before = process.cpuUsage();
    for (let i = 0; i < COUNT; i++) await work();
    const { user, system } = process.cpuUsage(before);
    // The first round warms up.
    if (round > 0 || quick) rates.get(name)?.push(COUNT / ((user + system) / 1e6));
  }
}
await server.stop();
rmSync(folder, { recursive: true });

const median = (name: string): number =>
  [...(rates.get(name) ?? [])].sort((a, b) => a - b)[
    Math.floor((rates.get(name)?.length ?? 0) / 2)
  ] ?? Number.NaN;
for (const name of Object.keys(works)) {
  console.log(`${name}: ${Math.round(median(name))} per CPU second`);
}
for (const name of ['ticket', 'certificate']) {
  const ratio = median(name) / median(`bare signature of a ${name}`);
  console.log(`${name}s, ratio to bare Ed25519: ${ratio.toFixed(2)}`);
}
