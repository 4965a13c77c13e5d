import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from 'beaconry';
import { Bans } from 'beaconry/plugins/bans';
import { SteamGameServer } from 'beaconry/plugins/game-server';
import { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { RemoteBackend, SteamClient } from 'beaconry/steam-client';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { openTicketKey } from '../../plugins/steam-backend/ticket-key.js';
import { eventually } from '../core/store/eventually.js';
import { needsRedis, RedisProcess } from '../core/store/redis-process.js';
import { silentLog } from '../core/store/silent-log.js';
import { startCluster, stopAll } from './cluster-rig.js';
import { FrontAddress } from './front-address.js';

const APP = 480;

/** The game server is on the first node, players are logged on at the second, the operator is at the third. */
describe('sessions on several nodes', () => {
  const clock = new SystemClock();
  let redis: RedisProcess;
  let folder = '';
  let nodes: TestServer[] = [];
  let address: FrontAddress;
  let backend: RemoteBackend;
  let verdicts: { steamId: bigint; response: number }[] = [];
  const clients: SteamClient[] = [];
  const game = () => nodes[0]?.get(SteamGameServer) as SteamGameServer;
  const operator = () => nodes.at(-1)?.get(SteamAdministration) as SteamAdministration;

  const player = async (): Promise<{ client: SteamClient; steamId: bigint }> => {
    const { steamId, accountKey } = await operator().createAccount();
    await operator().grantLicence({ steamId, appId: APP });
    const client = new SteamClient({ backend, clock, log: silentLog, retryInterval: 100 });
    clients.push(client);
    await client.logOn({ accountKey });
    return { client, steamId };
  };
  const verdictOn = async (wanted: bigint, code: number): Promise<void> => {
    const last = () => verdicts.filter(({ steamId }) => steamId === wanted).at(-1)?.response;
    await eventually(() => last() === code).catch(() => {});
    expect(last()).to.equal(code);
  };
  /** A player with a session that was approved. */
  const approved = async () => {
    const one = await player();
    const { bytes } = await one.client.getAuthSessionTicket(APP);
    expect(game().beginAuthSession(bytes, one.steamId)).to.equal(0);
    await verdictOn(one.steamId, 0);
    return one;
  };

  before(needsRedis);
  before(async () => {
    redis = await RedisProcess.start();
    folder = mkdtempSync(join(tmpdir(), 'beaconry-sessions-'));
    await openTicketKey(join(folder, 'steam-ticket.key'));
    nodes = await startCluster(redis, 3, (node) => {
      const data = join(folder, String(node));
      mkdirSync(data);
      copyFileSync(join(folder, 'steam-ticket.key'), join(data, 'steam-ticket.key'));
      return {
        config: { data },
        plugins: {
          ...{ bans: {}, 'auth-sessions': {}, social: {}, rules: {} },
          'steam-backend': { accounts: 'self-service' },
          'game-server': { pump: '10ms' },
        },
      };
    });
    address = await FrontAddress.open(() => (nodes[1] as TestServer).address('http').port);
    backend = new RemoteBackend(`ws://127.0.0.1:${address.port}/v1/backend`, clock);
    game().onAnySignal((said) => {
      if (said.signal !== 'validate_auth_ticket_response') return;
      verdicts.push({ steamId: said.data.auth_id, response: said.data.response });
    });
    const { steamId: owner } = await operator().createAccount();
    const { loginToken } = await operator().createServerAccount({ owner, appId: APP });
    game().serverInit('', 27015, 27016, 3, '1.0.0.0');
    game().logOn(loginToken);
    await eventually(() => game().loggedOn());
  });
  afterEach(() => {
    verdicts = [];
    for (const client of clients.splice(0)) client.close();
  });
  after(async () => {
    backend?.close();
    await address?.close();
    await stopAll(nodes);
    await redis?.end();
    if (folder !== '') rmSync(folder, { recursive: true });
  });

  for (const [kind, code] of [
    ['vac', 3],
    ['game', 9],
  ] as const) {
    it(`hear of a ${kind} ban that was made on another node`, async () => {
      const { steamId } = await approved();
      await operator().ban({ steamId, appId: APP, kind, by: 'test', reason: '' });
      await verdictOn(steamId, code);
    });
  }

  it('hear of a ban of the community that was made on another node', async () => {
    const { steamId } = await approved();
    const bans = nodes[2]?.get(Bans);
    await bans?.add({ subject: steamId.toString(), reason: 'test', by: 'test' });
    await verdictOn(steamId, 9);
  });

  it('hear of a licence that was taken away on another node', async () => {
    const { steamId } = await approved();
    await operator().revokeLicence(steamId, APP);
    await verdictOn(steamId, 2);
  });

  it('hear of a second logon at another node, which ends the first', async () => {
    const { client, steamId } = await approved();
    const { accountKey } = await operator().resetAccountKey(steamId);
    const { port } = (nodes[2] as TestServer).address('http');
    const elsewhere = new RemoteBackend(`ws://127.0.0.1:${port}/v1/backend`, clock);
    const second = new SteamClient({ backend: elsewhere, clock, log: silentLog });
    clients.push(second);
    await second.logOn({ accountKey });
    await verdictOn(steamId, 4);
    await eventually(() => !client.loggedOn);
    game().endAuthSession(steamId);
    const { bytes } = await second.getAuthSessionTicket(APP);
    expect(game().beginAuthSession(bytes, steamId)).to.equal(0);
    await verdictOn(steamId, 0);
    second.close();
    elsewhere.close();
  });

  it('go on when the node of the player stops and he comes to another, with a ticket of before', async () => {
    const one = await approved();
    const two = await player();
    const { bytes } = await two.client.getAuthSessionTicket(APP);
    let lost = 0;
    for (const { client } of [one, two]) client.onLost(() => lost++);
    const [stopping] = nodes.splice(1, 1);
    await stopping?.stop();
    await eventually(() => lost === 2 && one.client.loggedOn && two.client.loggedOn, 10);
    game().beginAuthSession(bytes, two.steamId);
    await verdictOn(two.steamId, 0);
    await verdictOn(one.steamId, 0);
    await operator().revokeLicence(one.steamId, APP);
    await verdictOn(one.steamId, 2);
  }).timeout(20_000);
});
