import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import { ListClient, UdpSocket } from 'beaconry/a2s-query';
import { fakeIpKind } from 'beaconry/plugins/fake-ip';
import { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { GameDig } from 'gamedig';
import { encodeCertificateText } from '../../plugins/coordinator/sdr/certificate-codec.js';
import { issueCertificate } from '../../plugins/coordinator/sdr/certificate-issue.js';
import { encodePopCode } from '../../plugins/coordinator/sdr/pop-code-codec.js';
import { SigningKey } from '../../plugins/coordinator/sdr/signing-key.js';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { freePorts } from '../end-to-end/free-ports.js';
import { quakestat } from './quakestat.js';

const APP = 240;

describe('a game server at a FakeIP', function () {
  this.timeout(90_000);
  const servers: TestServer[] = [];
  const processes: BeaconryProcess[] = [];
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-fake-ip-'));
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((process) => process.kill()));
    for (const server of servers.splice(0)) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const forward = async (args: readonly string[], env: Readonly<Record<string, string>>) => {
    const process = new BeaconryProcess(['forward', ...args], { env, cwd: folder });
    processes.push(process);
    const ended = process.ended.then(({ stderr }) => {
      throw new Error(`forward ended before it was ready: ${stderr}`);
    });
    await Promise.race([process.waitFor(/^beaconry forward ready/m), ended]);
    return process;
  };

  /** One node with all services, and a game that knows nothing of relays. */
  const start = async (maxPlayers = 32) => {
    const game = await startTestServer({
      real: true,
      plugins: {
        'game-server': {
          ...{ name: 'Hidden server', map: 'de_dust2', modDir: 'cstrike', appId: APP, maxPlayers },
          players: [
            { name: 'alice', score: 5, duration: 12 },
            { name: 'bob', score: -3, duration: 3600 },
          ],
        },
        rules: { values: { sv_gravity: '800' } },
        a2s: {},
      },
    });
    const [relayPort = 0, listenPort = 0, clientPort = 0] = await freePorts(3, 'udp');
    const relays = [{ ipv4: '127.0.0.1', firstPort: relayPort, lastPort: relayPort }];
    const node = await startTestServer({
      real: true,
      endpoints: { datagrams: { udp: `127.0.0.1:${relayPort}` } },
      plugins: {
        'game-server': {},
        'steam-backend': {},
        'auth-sessions': {},
        'web-api': {},
        coordinator: {
          ...{ keys: join(folder, 'keys'), apps: [APP], relayRanges: ['127.0.0.0/8'] },
          pops: { bbb: { desc: 'here', serviceAddressRanges: ['127.0.0.0/8'], relays } },
        },
        signaling: {},
        'datagram-relay': { pop: 'bbb', appId: APP, drainTime: '0s' },
        'fake-ip': {},
        master: {},
        browser: {},
      },
    });
    servers.push(game, node);
    const root = SigningKey.fromText(readFileSync(join(folder, 'keys/root.key'), 'utf8'), 'root');
    const key = SigningKey.generate();
    const now = Math.floor(Date.now() / 1000);
    const certificate = issueCertificate(root, {
      ...{ publicKey: key.publicKey.bytes, createdAt: now, expiresAt: now + 86_400 },
      ...{ appIds: [APP], pops: [encodePopCode('bbb')], identity: 'str:hidden' },
    });
    const common = [
      ...['--app', String(APP), '--coordinator', `http://${node.address('http')}`],
      ...['--root', root.publicKey.toString(), '--signaling', `${node.address('signaling')}`],
    ];
    const hosting = await forward(
      [
        ...['server', '--game', `${game.address('game')}`, '--identity', 'str:hidden'],
        ...['--fake-ip', ...common],
      ],
      {
        SDR_LISTEN_PORT: String(listenPort),
        SDR_IP: `127.0.0.1:${listenPort}`,
        SDR_POPID: 'bbb',
        SDR_PRIVATE_KEY: key.toPrivateText(),
        SDR_CERT: encodeCertificateText(certificate),
      },
    );
    return { node, hosting, common, clientPort };
  };

  /** What the master lists over UDP. */
  const listed = async (node: TestServer): Promise<string[]> => {
    const socket = new UdpSocket();
    try {
      const { host, port } = node.address('master');
      const found: string[] = [];
      for await (const one of new ListClient(socket).servers({ host, port })) {
        found.push(`${one.host}:${one.port}`);
      }
      return found;
    } finally {
      await socket.close();
    }
  };

  /** A player who is logged on, with a forwarder to that address. */
  const play = async (
    { node, common, clientPort }: Awaited<ReturnType<typeof start>>,
    to: string,
    licensed = true,
  ) => {
    const administration = node.get(SteamAdministration);
    const { steamId, accountKey } = await administration.createAccount();
    if (licensed) await administration.grantLicence({ steamId, appId: APP });
    const logon = await node.request({
      method: 'POST',
      url: '/v1/logon',
      payload: { accountKey, appId: APP },
    });
    const { token } = logon.json();
    const listen = ['--listen', `127.0.0.1:${clientPort}`, '--to', to];
    const who = ['--identity', `steamid:${steamId}`];
    return forward(['client', ...listen, ...who, ...common], { BEACONRY_TOKEN: token });
  };
  const ask = (port: number) =>
    GameDig.query({
      ...{ type: 'protocol-valve', host: '127.0.0.1', port, requestRules: true },
      ...{ givenPortOnly: true, maxRetries: 3 },
    });

  it('is in the list of the master, and answers gamedig and quakestat through a forwarder to that address', async () => {
    const world = await start();
    const { node, hosting, clientPort } = world;
    const { fakeIp } = JSON.parse(/^beaconry forward ready (.*)$/m.exec(hosting.stdout)?.[1] ?? '');
    const [address = ''] = await listed(node);
    expect(address).equal(fakeIp);
    expect(fakeIpKind(PeerAddress.parse(address) as PeerAddress)).equal('global');
    const { items } = (await node.request('/v1/servers')).json();
    expect(items).deep.equal([
      { ...items[0], address, fakeIp: address, name: 'Hidden server', map: 'de_dust2', players: 2 },
    ]);
    expect(JSON.stringify(items)).not.contain('127.0.0.1');
    await play(world, address);
    const state = await ask(clientPort);
    expect([state.name, state.map, state.players.length]).deep.equal([
      'Hidden server',
      'de_dust2',
      2,
    ]);
    const seen = await quakestat('-R', '-P', '-a2s', `127.0.0.1:${clientPort}`);
    if (seen === undefined) return;
    expect(seen[0]).include({ name: 'Hidden server', numplayers: 2 });
    expect(seen[0]?.rules).include({ sv_gravity: '800' });
  });

  it('is out of the list as soon as it ends', async () => {
    const { node, hosting } = await start();
    expect((await listed(node)).length).equal(1);
    await hosting.kill('SIGTERM');
    expect(await listed(node)).deep.equal([]);
  });

  it('lets nobody in without a licence, and says why', async () => {
    const world = await start();
    const [address = ''] = await listed(world.node);
    const client = await play(world, address, false);
    await ask(world.clientPort).catch(() => {});
    await client.logged(/str:hidden refuses: the account holds no licence of app 240/);
  });

  it('lets nobody in while it is full, and says why', async () => {
    const world = await start(2);
    const [address = ''] = await listed(world.node);
    const client = await play(world, address);
    await ask(world.clientPort).catch(() => {});
    await client.logged(/str:hidden refuses: the server is full or closed/);
  });
});
