import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { PeerAddress, SystemClock } from 'beaconry';
import { DatagramRelay } from 'beaconry/plugins/datagram-relay';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { GameDig } from 'gamedig';
import { encodeHostedRoute } from '../../../plugins/coordinator/sdr/hosted-address-codec.js';
import type { DirectMode } from '../../../plugins/coordinator/sdr/network-config-codec.js';
import { TicketCache } from '../../../plugins/coordinator/sdr/ticket-cache.js';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { freePorts } from '../../end-to-end/free-ports.js';
import { quakestat } from '../../real-clients/quakestat.js';
import { ForwardLab } from './forward-lab.js';

describe('beaconry forward', function () {
  this.timeout(60_000);
  let lab: ForwardLab;
  const servers: TestServer[] = [];
  const processes: BeaconryProcess[] = [];
  beforeEach(() => {
    lab = new ForwardLab();
  });
  afterEach(async () => {
    await Promise.all(processes.splice(0).map((process) => process.kill()));
    for (const server of servers.splice(0)) await server.stop();
    lab.close();
  });

  const forward = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) => {
    const process = new BeaconryProcess(['forward', ...args], { env, cwd: lab.folder });
    processes.push(process);
    const ended = process.ended.then(({ stderr }) => {
      throw new Error(`forward ended before it was ready: ${stderr}`);
    });
    await Promise.race([process.waitFor(/^beaconry forward ready/m), ended]);
    return process;
  };

  /** A game server, a relay and a server forwarder; gives what a client forwarder needs. */
  const network = async (mode: DirectMode = 'relay') => {
    const game = await startTestServer({
      real: true,
      plugins: {
        'game-server': {
          name: 'Hidden server',
          map: 'de_dust2',
          modDir: 'cstrike',
          appId: 240,
          maxPlayers: 32,
          players: [
            { name: 'alice', score: 5, duration: 12 },
            { name: 'bob', score: -3, duration: 3600 },
          ],
        },
        rules: {
          values: Object.fromEntries(
            Array.from({ length: 150 }, (_, i) => [`rule_${i}`, `value of rule ${i}`]),
          ),
        },
        a2s: {},
      },
    });
    servers.push(game);
    const [relayPort = 0, listenPort = 0] = await freePorts(2, 'udp');
    const relays = [{ ipv4: '127.0.0.1', port: relayPort }];
    const config = lab.config(relays, ['127.0.0.0/8'], [], 'bbb', mode);
    const relay = await startTestServer({
      real: true,
      endpoints: { datagrams: { udp: `127.0.0.1:${relayPort}` } },
      plugins: {
        'datagram-relay': {
          pop: 'bbb',
          networkConfig: config,
          rootKeys: [lab.rootLine],
          routeKey: lab.routeKeyFile,
          drainTime: '0s',
        },
      },
    });
    servers.push(relay);
    const common = ['--app', '240', '--config', config, '--root', lab.rootLine];
    const hosted = lab.credentials('str:server', 'bbb');
    await forward(
      [
        'server',
        '--game',
        `127.0.0.1:${game.address('game').port}`,
        '--identity',
        'str:server',
        ...common,
      ],
      {
        SDR_LISTEN_PORT: String(listenPort),
        SDR_IP: `127.0.0.1:${listenPort}`,
        SDR_POPID: 'bbb',
        SDR_PRIVATE_KEY: readFileSync(hosted.key, 'utf8'),
        SDR_CERT: readFileSync(hosted.cert, 'utf8'),
      },
    );
    const player = lab.credentials('str:alice');
    const [clientPort = 0] = await freePorts(1, 'udp');
    const credentials = ['--identity', 'str:alice', '--key', player.key, '--cert', player.cert];
    const listen = ['--listen', `127.0.0.1:${clientPort}`];
    return {
      relay,
      clientPort,
      listenPort,
      args: ['client', ...listen, ...credentials, ...common],
    };
  };

  it('lets gamedig and quakestat see info, players and split rules of a hidden server', async () => {
    const { clientPort, listenPort, args, relay } = await network();
    const ticket = lab.ticket(`127.0.0.1:${listenPort}`);
    await forward([...args, '--to', 'str:server', '--ticket', ticket]);
    const state = await GameDig.query({
      type: 'protocol-valve',
      host: '127.0.0.1',
      port: clientPort,
      requestRules: true,
      givenPortOnly: true,
      maxRetries: 3,
    });
    expect([state.name, state.map, state.players.length]).deep.equal([
      'Hidden server',
      'de_dust2',
      2,
    ]);
    const { rules } = state.raw as { rules: Record<string, string> };
    expect(Object.keys(rules).length).equal(150);
    const status = await relay.request('/v1/pops');
    expect(JSON.parse(status.body).items[0]).include({ code: 'bbb', relays: 1 });
    const seen = await quakestat('-R', '-P', '-a2s', `127.0.0.1:${clientPort}`);
    if (seen === undefined) return;
    expect(seen[0]).include({ name: 'Hidden server', numplayers: 2 });
    expect(Object.keys(seen[0]?.rules ?? {}).length).above(149);
  });

  it('takes the ticket of a developer from SDR_DEVTICKET', async () => {
    const { clientPort, listenPort, args } = await network();
    const ticket = readFileSync(lab.ticket(`127.0.0.1:${listenPort}`), 'utf8');
    await forward([...args, '--to', 'str:server'], { SDR_DEVTICKET: ticket });
    const state = await GameDig.query({
      ...{ type: 'protocol-valve', host: '127.0.0.1', port: clientPort },
      ...{ givenPortOnly: true, maxRetries: 3 },
    });
    expect(state.name).equal('Hidden server');
  });

  it('goes without relays where the network config says direct_mode: udp', async () => {
    const { clientPort, listenPort, args, relay } = await network('udp');
    const address = PeerAddress.of('127.0.0.1', listenPort);
    const route = encodeHostedRoute({ pop: 'bbb', address, secret: 0n });
    const ticket = lab.ticket(`${address}`, { route });
    await forward([...args, '--to', 'str:server', '--ticket', ticket]);
    const state = await GameDig.query({
      ...{ type: 'protocol-valve', host: '127.0.0.1', port: clientPort, requestRules: true },
      ...{ givenPortOnly: true, maxRetries: 3 },
    });
    expect([state.name, state.players.length]).deep.equal(['Hidden server', 2]);
    const { rules } = state.raw as { rules: Record<string, string> };
    expect(Object.keys(rules).length).equal(150);
    expect(relay.get(DatagramRelay).status.forwarded).equal(0);
  });

  it('names the expiry of a ticket that is over', async () => {
    const { clientPort, listenPort, args } = await network();
    const expiresAt = Math.floor(Date.now() / 1000) - 60;
    const ticket = lab.ticket(`127.0.0.1:${listenPort}`, { expiresAt });
    const client = await forward([...args, '--to', 'str:server', '--ticket', ticket]);
    const socket = createSocket('udp4');
    socket.send('hello', clientPort, '127.0.0.1', () => socket.close());
    await client.logged(/expired at/);
    expect(client.stderr).include(`expired at ${new Date(expiresAt * 1000).toISOString()}`);
  });

  it('connects with a cached ticket while the coordinator is away, again after being killed', async () => {
    const { clientPort, listenPort, args } = await network();
    const [nobody = 0] = await freePorts(1, 'tcp');
    const cache = `${lab.folder}/tickets.json`;
    const ticket = lab.ticket(`127.0.0.1:${listenPort}`);
    const tickets = await TicketCache.open(cache, new SystemClock());
    await tickets.add(Buffer.from(readFileSync(ticket, 'utf8'), 'base64'));
    const coordinator = ['--coordinator', `http://127.0.0.1:${nobody}`, '--cache', cache];
    const names: string[] = [];
    for (let run = 0; run < 2; run++) {
      const client = await forward([...args, '--to', 'str:server', ...coordinator]);
      const state = await GameDig.query({
        type: 'protocol-valve',
        host: '127.0.0.1',
        port: clientPort,
        givenPortOnly: true,
        maxRetries: 3,
      });
      names.push(state.name);
      await client.kill();
    }
    expect(names).deep.equal(['Hidden server', 'Hidden server']);
  });
});
