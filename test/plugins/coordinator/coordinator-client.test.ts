import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress, SystemClock } from 'beaconry';
import { Coordinator } from 'beaconry/plugins/coordinator';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { RelayNetwork } from '../../../plugins/coordinator/relay-network.js';
import { checkCertificate } from '../../../plugins/coordinator/sdr/certificate-check.js';
import { CertificateStore } from '../../../plugins/coordinator/sdr/certificate-store.js';
import { CoordinatorClient } from '../../../plugins/coordinator/sdr/coordinator-client.js';
import { HostedServer } from '../../../plugins/coordinator/sdr/hosted-server.js';
import { NetworkConfigCache } from '../../../plugins/coordinator/sdr/network-config-cache.js';
import { MAX_NETWORK_CONFIG } from '../../../plugins/coordinator/sdr/network-config-codec.js';
import { PlayerCredentials } from '../../../plugins/coordinator/sdr/player-credentials.js';
import { checkRelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { TicketCache } from '../../../plugins/coordinator/sdr/ticket-cache.js';
import { testKey } from './credentials.js';
import { dataCentre, startCoordinator } from './network.js';

const code = (call: Promise<unknown>) =>
  call.then(
    () => undefined,
    (error: { code: string }) => error.code,
  );

describe('clients of a coordinator over real HTTP', () => {
  let folder = '';
  let server: TestServer;
  const clock = new SystemClock();
  const seconds = () => Math.floor(clock.now() / 1000);
  const root = () =>
    SigningKey.fromText(readFileSync(join(folder, 'keys/root.key'), 'utf8'), 'root');
  const client = (token?: string) =>
    new CoordinatorClient({
      url: `http://${server.address('http')}`,
      appId: 730,
      token: () => token,
    });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-client-'));
    server = await startCoordinator(
      join(folder, 'keys'),
      { apps: [730], pops: { fra: {} } },
      { real: true },
    );
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  it('sign on, get a ticket to a hosted server, and find it after a restart', async () => {
    const roots = [root().publicKey.bytes];
    const file = join(folder, 'network.json');
    const cache = new NetworkConfigCache({
      clock,
      roots,
      appId: 730,
      file,
      fetch: (etag) => client().config(etag),
    });
    await cache.start();
    cache.stop();
    expect(readFileSync(file, 'utf8')).to.equal(server.get(Coordinator).networkConfig(730)?.text);

    const key = testKey('hosted');
    const identity = 'steamid:90071992547409921';
    const hosted = new HostedServer(
      {
        listenPort: 30000,
        pop: 'fra',
        publicAddress: PeerAddress.of('192.0.2.10', 30000),
        credentials: { key, certificate: dataCentre(root(), key, ['fra'], seconds()) },
      },
      { appId: 730, identity, clock, certificates: () => cache.certificates },
    );
    expect(await client().login(hosted.login())).to.equal(180);

    const alice = client('token-alice');
    const player = new PlayerCredentials({
      appId: 730,
      identity: 'str:alice',
      roots,
      clock,
      signon: (request) => alice.signon(request),
    });
    const { certificate } = await player.forHandshake();
    const expected = { now: seconds(), appId: 730, identity: 'str:alice' };
    expect(checkCertificate(certificate, cache.certificates, expected).identity).to.equal(
      'str:alice',
    );

    const tickets = join(folder, 'tickets.json');
    await (await TicketCache.open(tickets, clock)).add(await alice.ticket(identity));
    const found = (await TicketCache.open(tickets, clock)).find(identity, 0);
    const relay = new CertificateStore({ roots });
    const ticket = checkRelayTicket(found?.bytes ?? new Uint8Array(), relay, {
      now: seconds(),
      client: 'str:alice',
    });
    expect(ticket.server).to.equal(identity);
  });

  it('ask for a config they have by its tag, and get the next one when something was revoked', async () => {
    const cache = new NetworkConfigCache({
      clock,
      roots: [root().publicKey.bytes],
      appId: 730,
      fetch: (etag) => client().config(etag),
    });
    await cache.start();
    cache.stop();
    const first = cache.config;
    expect(await cache.refresh()).to.equal(undefined);
    expect(cache.config).to.equal(first);
    await server.get(RelayNetwork).revoke(testKey('thief').id, 'stolen');
    expect(await cache.refresh()).to.equal(undefined);
    expect(cache.certificates.isRevoked(testKey('thief').id)).to.equal(true);
    expect(cache.config?.revision).to.equal((first?.revision ?? 0) + 1);
  });

  it('hear the code of a refusal', async () => {
    expect(await code(client('token-alice').ticket('str:nobody'))).to.equal('SERVER_UNKNOWN');
    expect(await code(client('wrong').signon(new Uint8Array()))).to.equal('UNAUTHENTICATED');
    expect(await code(client().login(Uint8Array.of(1)))).to.equal('LOGIN_MALFORMED');
    expect(await code(client().checkIn(Uint8Array.of(1)))).to.equal('CHECK_IN_MALFORMED');
  });
});

describe('a client of somebody who is no coordinator', () => {
  /** The client of a server that answers so. */
  const withServer = async (
    answer: RequestListener,
    work: (client: CoordinatorClient) => Promise<void>,
  ): Promise<void> => {
    const server = createServer(answer).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await work(new CoordinatorClient({ url: `http://127.0.0.1:${port}`, appId: 730 }));
    } finally {
      server.close();
      server.closeAllConnections();
    }
  };

  it('goes nowhere else with its questions', async () => {
    const asked: (string | undefined)[] = [];
    await withServer(
      ({ url }, response) => {
        asked.push(url);
        response.writeHead(307, { location: '/elsewhere' }).end();
      },
      async (client) => {
        expect(await code(client.config(undefined))).to.equal('COORDINATOR_UNREACHABLE');
        expect(await code(client.signon(Uint8Array.of(1)))).to.equal('COORDINATOR_UNREACHABLE');
      },
    );
    expect(asked).to.deep.equal(['/coordinator/config/730', '/coordinator/signon']);
  });

  it('reads no more than a network config may have', async () => {
    await withServer(
      (_, response) => void response.end(Buffer.alloc(MAX_NETWORK_CONFIG + 1, ' ')),
      async (client) => {
        expect(await code(client.config(undefined))).to.equal('ANSWER_TOO_LARGE');
        expect(await code(client.ticket('str:alice'))).to.equal('ANSWER_TOO_LARGE');
      },
    );
  });

  it('says that it was answered with something else', async () => {
    await withServer(
      (_, response) => void response.end('<p>Hello'),
      async (client) => {
        expect(await code(client.fakeIpTicket('169.254.1.1:1025'))).to.equal('COORDINATOR_ANSWER');
      },
    );
    await withServer(
      (_, response) => void response.end('{"relay":"fra-1","state":"listed"}'),
      async (client) => {
        expect(await code(client.checkIn(Uint8Array.of(1)))).to.equal('COORDINATOR_ANSWER');
      },
    );
    await withServer(
      (_, response) => void response.writeHead(502).end('<p>Bad gateway'),
      async (client) => {
        expect(await code(client.login(Uint8Array.of(1)))).to.equal('COORDINATOR_STATUS');
      },
    );
  });
});
