import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import { type CheckInAnswer, Coordinator } from 'beaconry/plugins/coordinator';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { stringify } from 'yaml';
import { Server } from '../../../core/server.js';
import { encodeCertificateText } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { RelayMembership } from '../../../plugins/coordinator/sdr/relay-membership.js';
import { RouteKey } from '../../../plugins/coordinator/sdr/sealed-route.js';
import { CoordinatorCheckIn } from '../../../plugins/datagram-relay/coordinator-check-in.js';
import { freePorts } from '../../end-to-end/free-ports.js';
import { testKey } from '../coordinator/credentials.js';
import { dataCentre } from '../coordinator/network.js';

const ADMIN = 'admin-token-of-the-test';

/** Two nodes with real sockets and one clock: a coordinator with a relay, and the relay of another operator. */
describe('a relay of another operator, by itself', () => {
  let folder = '';
  const clock = new FakeClock();
  const servers: Server[] = [];
  const logs: Record<string, string[]> = {};
  const root = testKey('network root');

  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const credentials = (name: string, pop: string) => {
    const key = testKey(name);
    const certificate = dataCentre(root, key, [pop], Math.floor(clock.now() / 1000));
    return {
      key: file(`${name}.key`, key.toPrivateText()),
      certificate: file(`${name}.cert`, encodeCertificateText(certificate)),
    };
  };
  const start = async (name: string, endpoints: object, plugins: object): Promise<Server> => {
    const lines: string[] = [];
    logs[name] = lines;
    const text = stringify({
      endpoints: { http: { http: '127.0.0.1:0' }, admin: { http: '127.0.0.1:0' }, ...endpoints },
      data: join(folder, name),
      store: { driver: 'memory' },
      management: { token: ADMIN },
      plugins,
    });
    const server = await Server.prepare({
      source: { path: join(folder, `${name}.yaml`), text },
      log: pino({ level: 'info' }, { write: (line: string) => void lines.push(line) }),
      clock,
      poison: true,
    });
    servers.push(server);
    await server.start();
    return server;
  };
  const urlOf = (server: Server, endpoint: string) =>
    `http://${server.endpoints.http.get(endpoint)?.addresses[0]}`;
  /** Lets time pass until something is so; what crosses sockets takes a real moment. */
  const until = async (what: string, fits: () => boolean): Promise<void> => {
    const limit = performance.now() + 15_000;
    while (!fits()) {
      if (performance.now() > limit) throw new Error(`never ${what}: ${logs.away?.join('')}`);
      await clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-check-in-'));
  });
  after(async () => {
    await Promise.all(
      servers.map(async (server) => {
        const stopped = server.stop();
        await clock.advance(10_000);
        await stopped;
      }),
    );
    rmSync(folder, { recursive: true });
  });

  it('joins, answers probes, appears in the config, is drained, admitted and removed by command', async function () {
    this.timeout(60_000);
    const [homePort = 0, awayPort = 0] = await freePorts(2, 'udp');
    const keys = join(folder, 'keys');
    mkdirSync(keys, { mode: 0o700 });
    writeFileSync(join(keys, 'root.key'), root.toPrivateText(), { mode: 0o600 });
    const own = { ipv4: '127.0.0.1', firstPort: homePort, lastPort: homePort };
    const home = await start(
      'home',
      { datagrams: { udp: `127.0.0.1:${homePort}` } },
      {
        coordinator: {
          keys,
          apps: [730],
          relayRanges: ['127.0.0.0/8'],
          pops: { fra: { relays: [{ ...own, keyId: String(testKey('first').id) }] } },
        },
        'datagram-relay': {
          pop: 'fra',
          appId: 730,
          drainTime: '0s',
          checkIn: credentials('first', 'fra'),
        },
      },
    );
    const coordinator = home.service(Coordinator);
    const relaysOf = (pop: string) =>
      coordinator.networkConfig(730)?.config.pops.get(pop)?.relays ?? [];
    await until('checked in at home', () => relaysOf('fra').some(({ id }) => id !== undefined));

    const routeKey = RouteKey.generate();
    await start(
      'away',
      { datagrams: { udp: `127.0.0.1:${awayPort}` } },
      {
        'datagram-relay': {
          pop: 'sto',
          appId: 730,
          drainTime: '0s',
          coordinator: urlOf(home, 'http'),
          rootKeys: [root.publicKey.toString()],
          routeKey: file('route.pem', routeKey.toPrivateText()),
          checkIn: credentials('second', 'sto'),
        },
      },
    );
    const id = `sto-127.0.0.1-${awayPort}`;
    await until('listed', () => relaysOf('sto').some((relay) => relay.id === id));
    expect(coordinator.networkConfig(730)?.config.pops.get('sto')?.routeKey).to.deep.equal(
      routeKey.publicKey,
    );
    const said = (text: string) => () => (logs.away ?? []).some((line) => line.includes(text));
    await until('told that it is listed', said('this relay is in the network config'));

    const command = async (name: string) => {
      const answer = await fetch(`${urlOf(home, 'admin')}/v1/admin/commands/${name}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' },
        body: JSON.stringify({ parameters: { relay: 'sto' } }),
      });
      expect(answer.status, name).to.equal(200);
    };
    await command('pop-drain');
    expect(relaysOf('sto')).to.deep.equal([]);
    await until('told to leave', said('is draining'));
    await command('pop-admit');
    await until('listed again', () => relaysOf('sto').some((relay) => relay.id === id));
    await command('pop-remove');
    expect(relaysOf('sto')).to.deep.equal([]);
    await until('told that it is removed', said('is removed'));
    // No private key is in a log.
    for (const line of [...(logs.home ?? []), ...(logs.away ?? [])]) {
      expect(line).to.not.include('PRIVATE KEY');
    }
  });

  it('refuses to start with half of its credentials, naming what is missing', async () => {
    const { key } = credentials('half', 'sto');
    const failure = await start(
      'half',
      { datagrams: { udp: '127.0.0.1:0' } },
      {
        coordinator: { keys: join(folder, 'half-keys') },
        'datagram-relay': { pop: 'sto', checkIn: { key } },
      },
    ).catch((error: unknown) => error as Error);
    servers.pop();
    expect((failure as Error).message).to.include('datagram-relay.checkIn.certificate is missing');
  });
});

describe('CoordinatorCheckIn', () => {
  const clock = new FakeClock();
  const key = testKey('relay');
  const membership = () =>
    new RelayMembership({
      ...{ key, certificate: dataCentre(testKey('root'), key, ['sto'], 0), pop: 'sto' },
      ...{ ipv4: '192.0.2.1', firstPort: 30_000, lastPort: 30_000, clock },
    });
  const answer = (fields: Partial<CheckInAnswer> = {}): CheckInAnswer => ({
    ...{ relay: 'sto-1', state: 'listed', text: 'listed', next: 30, probes: [], probers: [] },
    ...fields,
  });
  const make = (post: () => Promise<CheckInAnswer>) => {
    const said: string[] = [];
    const sent: string[] = [];
    const note = (...args: unknown[]) => void said.push(String(args.at(-1)));
    const left = { count: 0 };
    const checkIn = new CoordinatorCheckIn({
      ...{ membership: membership(), clock, post },
      log: { info: note, warn: note } as never,
      send: (_bytes, to) => void sent.push(to.toString()),
      leave: () => void left.count++,
      stay: () => {},
    });
    return { checkIn, said, sent, left };
  };

  it('tries again with growing pauses while the coordinator is away, and says so once', async () => {
    let tries = 0;
    const { checkIn, said } = make(async () => {
      tries++;
      throw new Error('nobody there');
    });
    await checkIn.run();
    await clock.advance(10 * 60_000);
    checkIn.stop();
    expect(tries).within(12, 18);
    expect(said).to.have.length(1);
    await clock.advance(10 * 60_000);
    expect(tries).within(12, 18);
  });

  it('checks in soon after it probed, and else when it is due, never in a hurry', async () => {
    let times = 0;
    const probes = [{ challenge: '00'.repeat(16), address: '192.0.2.9:30000' }];
    const { checkIn, sent } = make(async () => answer(times++ === 0 ? { probes } : { next: -5 }));
    await checkIn.run();
    expect(sent).to.deep.equal(['192.0.2.9:30000']);
    await clock.advance(2000);
    expect(times).to.equal(2);
    await clock.advance(10_000);
    expect(times).to.equal(12);
    checkIn.stop();
  });

  it('leaves when it is drained, once, and answers probes of announced hosts alone, 20 a second', async () => {
    const { checkIn, left } = make(async () =>
      answer({ state: 'draining', probers: ['192.0.2.7'] }),
    );
    await checkIn.run();
    await clock.advance(120_000);
    expect(left.count).to.equal(1);
    const probe = new Uint8Array(96);
    probe.set([0x10, 1]);
    const prober = PeerAddress.of('192.0.2.7', 5);
    expect(checkIn.probe(probe, PeerAddress.of('192.0.2.8', 5))).to.equal(undefined);
    const answers = Array.from({ length: 50 }, () => checkIn.probe(probe, prober));
    expect(answers.filter((bytes) => bytes !== undefined)).to.have.length(20);
    checkIn.stop();
  });
});
