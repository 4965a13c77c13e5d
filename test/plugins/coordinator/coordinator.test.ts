import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Coordinator } from 'beaconry/plugins/coordinator';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import coordinator from '../../../plugins/coordinator/index.js';
import { RelayNetwork } from '../../../plugins/coordinator/relay-network.js';
import { checkCertificate } from '../../../plugins/coordinator/sdr/certificate-check.js';
import {
  decodeCertificateBody,
  decodeCertificateText,
  encodeCertificateRequest,
} from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../../plugins/coordinator/sdr/certificate-issue.js';
import { CertificateStore } from '../../../plugins/coordinator/sdr/certificate-store.js';
import { decodeHostedAddress } from '../../../plugins/coordinator/sdr/hosted-address-codec.js';
import {
  decodeConfigSignature,
  decodeNetworkConfig,
} from '../../../plugins/coordinator/sdr/network-config-codec.js';
import { encodePopCode } from '../../../plugins/coordinator/sdr/pop-code-codec.js';
import { checkRelayTicket } from '../../../plugins/coordinator/sdr/relay-ticket.js';
import {
  decodeRelayTicket,
  decodeSignedRelayTicket,
} from '../../../plugins/coordinator/sdr/relay-ticket-codec.js';
import { RouteKey } from '../../../plugins/coordinator/sdr/sealed-route.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { testKey } from './credentials.js';
import {
  ADMIN,
  base64,
  dataCentre,
  fromBase64,
  gameServers,
  login,
  players,
  post,
  startCoordinator,
} from './network.js';

const pops = {
  fra: {
    desc: 'Frankfurt',
    longitude: 8.7,
    latitude: 50.1,
    relays: [{ ipv4: '192.0.2.1', firstPort: 30000, lastPort: 30003 }],
  },
  iad: { desc: 'Sterling' },
  sto: { desc: 'Stockholm' },
};
const typicalPings = [
  { from: 'fra', to: 'sto', ms: 25 },
  { from: 'fra', to: 'iad', ms: 90 },
  { from: 'sto', to: 'iad', ms: 110 },
];
const CONFIG = { apps: [730], pops, typicalPings };

describe('coordinator over HTTP', () => {
  let folder = '';
  let server: TestServer;
  const seconds = () => Math.floor(server.clock.now() / 1000);
  const start = async (config: object = {}) => {
    server = await startCoordinator(folder, { ...CONFIG, ...config });
  };
  const rootKey = () => SigningKey.fromText(readFileSync(join(folder, 'root.key'), 'utf8'), 'root');
  const trust = () => new CertificateStore({ roots: [rootKey().publicKey.bytes] });
  const hosted = (pops = ['fra', 'iad', 'sto']) => {
    const key = testKey('hosted server');
    return { key, certificate: dataCentre(rootKey(), key, pops, seconds()) };
  };
  const signOnServer = (fields: object = {}) =>
    post(server, '/coordinator/servers', {
      login: login({ generatedAt: seconds(), ...fields }, hosted()),
    });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-coordinator-'));
  });
  afterEach(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  describe('network config', () => {
    it('comes with a signature that a trusted key made over exactly this text', async () => {
      await start();
      const answer = await server.request('/coordinator/config/730');
      expect(answer.statusCode).to.equal(200);
      const config = decodeNetworkConfig(answer.body);
      expect([...config.pops.keys()]).to.deep.equal(['fra', 'iad', 'sto']);
      expect(config.pops.get('fra')?.geo).to.deep.equal([8.7, 50.1]);
      expect(config.relayPublicKey).to.have.length(32);
      const store = trust();
      for (const certificate of config.certificates) store.add(certificate);
      const { keyId, signature } = decodeConfigSignature(
        String(answer.headers['beaconry-signature']),
      );
      expect(
        store.trusted(keyId, seconds()).key.verifies(Buffer.from(answer.body), signature),
      ).to.equal(true);
    });

    it('is not sent again to who has it', async () => {
      await start();
      const { headers } = await server.request('/coordinator/config/730');
      const again = await server.request({
        method: 'GET',
        url: '/coordinator/config/730',
        headers: { 'if-none-match': String(headers.etag) },
      });
      expect([again.statusCode, again.body]).to.deep.equal([304, '']);
    });

    it('is refused for an app that is not served', async () => {
      await start();
      const answer = await server.request('/coordinator/config/440');
      expect(answer.statusCode).to.equal(404);
      expect(answer.json().error.code).to.equal('APP_UNKNOWN');
    });

    it('keeps its revision until something changes', async () => {
      await start();
      const revision = () => server.get(Coordinator).networkConfig(730)?.config.revision;
      const first = revision();
      await server.clock.advance(3 * 60_000);
      expect(revision()).to.equal(first);
    });
  });

  describe('sign-on', () => {
    const key = testKey('player');
    const request = (identity?: string) =>
      base64(
        encodeCertificateRequest({
          publicKey: key.publicKey.bytes,
          ...(identity === undefined ? {} : { identity }),
        }),
      );

    it('answers in the order of installing: config, CA certificates from the root down, certificate', async () => {
      await start();
      const { status, body } = await post(
        server,
        '/coordinator/signon',
        { request: request('str:alice') },
        'token-alice',
      );
      expect(status).to.equal(200);
      expect(Object.keys(body)).to.deep.equal(['config', 'caCertificates', 'certificate']);
      expect(decodeNetworkConfig(String(body.config)).revision).to.be.greaterThan(0);
      const store = trust();
      for (const text of body.caCertificates as string[]) store.add(decodeCertificateText(text));
      const certificate = decodeCertificateText(String(body.certificate));
      const now = seconds();
      const verified = checkCertificate(certificate, store, {
        now,
        appId: 730,
        identity: 'str:alice',
      });
      expect(verified.key.id).to.equal(key.id);
      expect(verified.scope.expiresAt - now).to.equal(48 * 3600);
      expect([...(verified.scope.appIds ?? [])]).to.deep.equal([730]);
      expect(decodeCertificateBody(certificate.body).timeCreated).to.equal(now);
    });

    it('may be repeated at any time', async () => {
      await start();
      const first = await post(
        server,
        '/coordinator/signon',
        { request: request() },
        'token-alice',
      );
      await server.clock.advance(60_000);
      const second = await post(
        server,
        '/coordinator/signon',
        { request: request() },
        'token-alice',
      );
      expect([first.status, second.status]).to.deep.equal([200, 200]);
      expect(second.body.certificate).to.not.equal(first.body.certificate);
    });

    for (const [name, body, token, status, code] of [
      ['without a token', { request: request() }, undefined, 401, 'UNAUTHENTICATED'],
      ['with a wrong token', { request: request() }, 'nonsense', 401, 'UNAUTHENTICATED'],
      [
        'for another identity',
        { request: request('str:bob') },
        'token-alice',
        403,
        'REQUEST_IDENTITY',
      ],
      ['with a request that is none', { request: 'AAAA' }, 'token-alice', 400, 'REQUEST_MALFORMED'],
      [
        'with a request that is no base64',
        { request: '***' },
        'token-alice',
        400,
        'INVALID_REQUEST',
      ],
      [
        'with an unknown field',
        { request: request(), more: 1 },
        'token-alice',
        400,
        'INVALID_REQUEST',
      ],
    ] as const) {
      it(`is refused ${name}: ${code}`, async () => {
        await start();
        const answer = await post(server, '/coordinator/signon', body, token);
        expect([answer.status, answer.code]).to.deep.equal([status, code]);
      });
    }

    it('says what is missing when no plugin logs players on', async () => {
      server = await startTestServer({
        plugins: { coordinator: { keys: folder } },
        atHand: { coordinator },
      });
      const answer = await post(
        server,
        '/coordinator/signon',
        { request: request() },
        'token-alice',
      );
      expect([answer.status, answer.code]).to.deep.equal([503, 'NO_PLAYER_AUTHORITY']);
    });
  });

  describe('hosted servers and tickets', () => {
    const ticketFor = (body: object, token: string) =>
      post(
        server,
        '/coordinator/tickets',
        { appId: 730, server: 'steamid:90071992547409921', ...body },
        token,
      );

    it('shows players the address where they are to use plain UDP, without the secret of relays', async () => {
      await start({ directMode: 'udp' });
      await signOnServer();
      const { body } = await ticketFor({}, 'token-alice');
      const { ticket } = decodeSignedRelayTicket(fromBase64(body.ticket));
      const route = decodeHostedAddress(decodeRelayTicket(ticket).route);
      if (route.kind !== 'plain') throw new Error('the route is sealed');
      expect([String(route.route.address), route.route.secret]).to.deep.equal([
        '192.0.2.10:27015',
        0n,
      ]);
    });

    it('takes no login for POP dev that a player could sign, unless the network is one of developers', async () => {
      await start();
      const key = testKey('player');
      const certificate = issueCertificate(rootKey(), {
        ...{ publicKey: key.publicKey.bytes, appIds: [730], identity: 'str:alice' },
        ...{ createdAt: seconds(), expiresAt: seconds() + 3600 },
      });
      const fields = { generatedAt: seconds(), pop: 'dev', identity: 'str:alice' };
      const signed = login(fields, { key, certificate });
      const answer = await post(server, '/coordinator/servers', { login: signed });
      expect(answer.code).to.equal('LOGIN_DEV');
    });

    it('gives nobody a ticket to a port of a FakeIP: its server asks for those', async () => {
      await start();
      await signOnServer();
      for (const virtualPort of [0x7fffff00, 0x7fffff03]) {
        for (const token of ['token-alice', ADMIN]) {
          const answer = await ticketFor({ virtualPort }, token);
          expect([answer.status, answer.code]).to.deep.equal([403, 'TICKET_FAKE_IP']);
        }
      }
    });

    it('gives a player a ticket for himself, sealed so that only relays read the address', async () => {
      await start();
      const signedOn = await signOnServer();
      expect(signedOn.body).to.deep.equal({
        identity: 'steamid:90071992547409921',
        pop: 'fra',
        appId: 730,
        freeSlots: 10,
        expiresIn: 180,
      });
      const { status, body } = await ticketFor(
        {
          virtualPort: 7,
          extra: [
            { name: 'match', fixed64: '18446744073709551615' },
            { name: 'mode', string: 'duel' },
            { name: 'skill', int64: '-5' },
          ],
        },
        'token-alice',
      );
      expect(status).to.equal(200);
      const bytes = fromBase64(body.ticket);
      const store = trust();
      const now = seconds();
      const ticket = checkRelayTicket(bytes, store, {
        now,
        appId: 730,
        client: 'str:alice',
        virtualPort: 7,
      });
      expect(ticket.expiresAt - now).to.equal(6 * 3600);
      expect(ticket.extra).to.deep.equal([
        { name: 'match', unsigned: 18446744073709551615n },
        { name: 'mode', text: 'duel' },
        { name: 'skill', signed: -5n },
      ]);
      expect(Buffer.from(bytes).includes(Buffer.from([192, 0, 2, 10]))).to.equal(false);
      const routeFile = server.get(Coordinator).routeKeyFile;
      const route = RouteKey.fromText(readFileSync(routeFile, 'utf8'), routeFile).open(
        ticket.route,
      );
      expect([route.pop, String(route.address), route.secret]).to.deep.equal([
        'fra',
        '192.0.2.10:27015',
        99n,
      ]);
    });

    it('takes virtual port -1 for any', async () => {
      await start();
      await signOnServer();
      const { body } = await ticketFor({ virtualPort: -1 }, 'token-alice');
      const ticket = checkRelayTicket(fromBase64(body.ticket), trust(), { now: seconds() });
      expect(ticket.virtualPort).to.equal(undefined);
    });

    it('lets the admin name the client', async () => {
      await start();
      await signOnServer();
      const { body } = await ticketFor({ client: 'str:carol' }, ADMIN);
      expect(
        checkRelayTicket(fromBase64(body.ticket), trust(), { now: seconds() }).client,
      ).to.equal('str:carol');
      expect((await ticketFor({}, ADMIN)).code).to.equal('CLIENT_REQUIRED');
    });

    it('refuses strangers, other clients, other apps, unknown servers and too much extra, each by its code', async () => {
      await start();
      await signOnServer();
      expect((await ticketFor({}, 'nobody')).code).to.equal('FORBIDDEN');
      expect((await ticketFor({ client: 'str:bob' }, 'token-alice')).code).to.equal('FORBIDDEN');
      expect((await ticketFor({ appId: 440 }, 'token-alice')).code).to.equal('FORBIDDEN');
      expect((await ticketFor({ appId: 440, client: 'str:bob' }, ADMIN)).code).to.equal(
        'APP_UNKNOWN',
      );
      expect((await ticketFor({ server: 'str:nowhere' }, 'token-alice')).code).to.equal(
        'SERVER_UNKNOWN',
      );
      const extra = Array.from({ length: 17 }, (_, i) => ({ name: `f${i}`, string: 'x' }));
      expect((await ticketFor({ extra }, 'token-alice')).code).to.equal('TICKET_EXTRA');
      const wrongValue = [{ name: 'x', fixed64: '18446744073709551616' }];
      expect((await ticketFor({ extra: wrongValue }, 'token-alice')).code).to.equal(
        'TICKET_EXTRA_VALUE',
      );
    });

    it('forgets a server that does not sign on again', async () => {
      await start();
      await signOnServer();
      await server.clock.advance(181_000);
      expect((await ticketFor({}, 'token-alice')).code).to.equal('SERVER_UNKNOWN');
    });

    it('forgets a server when its SteamID or its address is to be forgotten', async () => {
      await start();
      for (const subject of ['90071992547409921', '192.0.2.10']) {
        await signOnServer();
        expect(await server.command('forget', { subject: '192.0.2.250' })).equal(
          'nothing was kept',
        );
        expect((await ticketFor({}, 'token-alice')).status).equal(200);
        expect(await server.command('forget', { subject })).equal(
          'coordinator: signed off 1 hosted servers',
        );
        expect((await ticketFor({}, 'token-alice')).code).equal('SERVER_UNKNOWN');
      }
    });

    it('takes no older login after a newer one', async () => {
      await start();
      const old = { login: login({ generatedAt: seconds() - 10 }, hosted()) };
      await signOnServer();
      const { status, code } = await post(server, '/coordinator/servers', old);
      expect([status, code]).to.deep.equal([409, 'LOGIN_REPLAYED']);
    });

    it('lets no other key take the identity of a server that is signed on, until its key is revoked', async () => {
      await start();
      await signOnServer();
      const rival = testKey('rival');
      const certificate = dataCentre(rootKey(), rival, ['fra'], seconds());
      const takeOver = () =>
        post(server, '/coordinator/servers', {
          login: login({ generatedAt: seconds() }, { key: rival, certificate }),
        });
      expect((await takeOver()).code).to.equal('LOGIN_TAKEN');
      await server.get(RelayNetwork).revoke(testKey('hosted server').id, 'leaked');
      expect((await takeOver()).status).to.equal(200);
    });

    it('refuses unsigned servers, with the remedy in the text', async () => {
      await start();
      const answer = await post(server, '/coordinator/servers', {
        login: login({ generatedAt: seconds(), pop: 'dev' }),
      });
      expect(answer.code).to.equal('LOGIN_UNSIGNED');
      expect(JSON.stringify(answer.body)).to.include('only with dev: true');
    });

    it('takes unsigned servers of POP dev, and gives tickets to them, with dev: true', async () => {
      await start({ dev: true });
      const unsigned = (pop: string) =>
        post(server, '/coordinator/servers', { login: login({ generatedAt: seconds(), pop }) });
      expect((await unsigned('dev')).status).to.equal(200);
      expect((await unsigned('fra')).code).to.equal('LOGIN_UNSIGNED');
      const { body } = await ticketFor({}, 'token-alice');
      const now = seconds();
      expect(
        checkRelayTicket(fromBase64(body.ticket), trust(), { now, dev: true }).client,
      ).to.equal('str:alice');
      expect(() => checkRelayTicket(fromBase64(body.ticket), trust(), { now })).to.throw(/POP dev/);
    });

    it('judges no more than 20 blobs a second for one address', async () => {
      await start();
      const codes = [];
      for (let i = 0; i < 25; i++) {
        codes.push((await post(server, '/coordinator/servers', { login: 'AAAA' })).status);
      }
      expect(codes.filter((status) => status === 429)).to.have.length(5);
    });
  });

  describe('placing players', () => {
    const servers = async () => {
      for (const [identity, pop, freeSlots] of [
        ['str:fra-1', 'fra', 4],
        ['str:sto-1', 'sto', 8],
        ['str:iad-1', 'iad', 8],
      ] as const) {
        const key = testKey(identity);
        const certificate = issueCertificate(rootKey(), {
          publicKey: key.publicKey.bytes,
          createdAt: seconds(),
          expiresAt: seconds() + 9999,
          appIds: [730],
          pops: [encodePopCode(pop)],
          identity,
        });
        const blob = login(
          { generatedAt: seconds(), identity, pop, freeSlots },
          { key, certificate },
        );
        expect((await post(server, '/coordinator/servers', { login: blob })).status).to.equal(200);
      }
    };
    const group = [
      { identity: 'str:berlin', location: 'fra=12+1,sto=25+2' },
      { identity: 'str:oslo', location: 'sto=10+1,fra=40+4' },
      { identity: 'str:boston', location: 'iad=15+1' },
    ];
    const place = (players: object[], token = ADMIN) =>
      post(server, '/coordinator/place', { appId: 730, players }, token);

    it('takes the POP whose worst ping is least, and gives each player a ticket', async () => {
      await start();
      await servers();
      // To fra: 13, 36 (by sto) and 106; to sto: 27, 11 and 126; to iad: 103, 121 and 16.
      const { status, body } = await place(group);
      expect(status).to.equal(200);
      expect([body.pop, body.server, body.worstPing]).to.deep.equal(['fra', 'str:fra-1', 106]);
      const tickets = (body.tickets as string[]).map((ticket) =>
        checkRelayTicket(fromBase64(ticket), trust(), { now: seconds(), appId: 730 }),
      );
      expect(tickets.map(({ client }) => client)).to.deep.equal(
        group.map(({ identity }) => identity),
      );
      expect(new Set(tickets.map((ticket) => ticket.server))).to.deep.equal(new Set(['str:fra-1']));
    });

    it('gives no slot away twice, and goes on to the next best POP', async () => {
      await start();
      await servers();
      const chosen = [];
      for (let i = 0; i < 4; i++) chosen.push((await place(group)).body.server ?? 'none');
      expect(chosen).to.deep.equal(['str:fra-1', 'str:iad-1', 'str:iad-1', 'str:sto-1']);
    });

    it('keeps groups apart that are placed at the same time', async () => {
      await start();
      await servers();
      const pair = group.slice(0, 2);
      const placed = await Promise.all(Array.from({ length: 20 }, () => place(pair)));
      const counts = new Map<string, number>();
      for (const { body } of placed) {
        const name = String(body.server ?? 'none');
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
      expect(Object.fromEntries(counts)).to.deep.equal({
        'str:fra-1': 2,
        'str:sto-1': 4,
        'str:iad-1': 4,
        none: 10,
      });
    });

    it('says so when there is no room, no estimate, or a location that cannot be read', async () => {
      await start();
      await servers();
      const far = [{ identity: 'str:moon', location: 'xyz=5+1' }];
      expect((await place(far)).code).to.equal('PLACE_NO_ROOM');
      const broken = await place([{ identity: 'str:odd', location: 'fra=high' }]);
      expect(broken.code).to.equal('PLACE_LOCATION');
      expect(JSON.stringify(broken.body)).to.include('str:odd');
      expect((await place([])).code).to.equal('PLACE_PLAYERS');
    });

    it('is for admins, and for game servers with an account and of the app', async () => {
      server = await startCoordinator(folder, CONFIG, {
        plugins: { players: {}, 'game-servers': {}, coordinator: { keys: folder, ...CONFIG } },
        atHand: { players, 'game-servers': gameServers, coordinator },
      });
      await servers();
      expect((await place(group, 'token-alice')).code).to.equal('FORBIDDEN');
      expect((await place(group, 'server-anonymous-730')).code).to.equal('SERVER_ANONYMOUS');
      expect((await place(group, 'server-account-440')).code).to.equal('FORBIDDEN');
      expect((await place(group, 'server-account-730')).status).to.equal(200);
    });

    it('signs for no more than 1024 players of one address at once', async () => {
      await start();
      const crowd = Array.from({ length: 256 }, (_, i) => ({
        identity: `str:${i}`,
        location: 'fra=12+1',
      }));
      const codes = [];
      for (let i = 0; i < 5; i++) codes.push((await place(crowd)).code);
      expect(codes).to.deep.equal([
        ...Array.from({ length: 4 }, () => 'PLACE_NO_ROOM'),
        'TOO_MANY_REQUESTS',
      ]);
    });
  });

  it('estimates pings: milliseconds, -1 unreadable, -2 unknown', async () => {
    await start();
    const estimate = async (a: string, b: string) =>
      (await post(server, '/coordinator/pings/estimate', { a, b })).body.milliseconds;
    expect(await estimate('fra=12+1', 'iad=15+1')).to.equal(119);
    expect(await estimate('fra=12+1', 'high')).to.equal(-1);
    expect(await estimate('fra=12+1', 'xyz=3+0')).to.equal(-2);
  });

  describe('configuration', () => {
    for (const [name, config, words] of [
      [
        'a ticket lifetime past 24 h',
        { ticketLifetime: '25h' },
        /ticketLifetime: must be between 1s and 24h/,
      ],
      [
        'a POP code that is none',
        { pops: { Frankfurt: {} } },
        /pops.Frankfurt: "Frankfurt" is not a POP code/,
      ],
      [
        'a range of relays that is not IPv4',
        { relayRanges: ['2001:db8::/32'] },
        /2001:db8::\/32 is not an IPv4 CIDR/,
      ],
      ['POP dev without dev', { pops: { dev: {} } }, /POP dev needs dev: true/],
    ] as const) {
      it(`with ${name} is refused`, async () => {
        let message = '';
        try {
          await start(config);
        } catch (error) {
          message = (error as Error).message;
        }
        expect(message).to.match(words);
      });
    }
  });
});
