import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PeerAddress } from 'beaconry';
import { Coordinator } from 'beaconry/plugins/coordinator';
import type { TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { RelayNetwork } from '../../../plugins/coordinator/relay-network.js';
import type { CheckInAnswer } from '../../../plugins/coordinator/sdr/relay-check-in-codec.js';
import { RelayMembership } from '../../../plugins/coordinator/sdr/relay-membership.js';
import { RouteKey } from '../../../plugins/coordinator/sdr/sealed-route.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { codeOf, testKey } from './credentials.js';
import { base64, dataCentre, post, startCoordinator } from './network.js';

interface TestRelay {
  readonly socket: Socket;
  readonly member: RelayMembership;
  readonly key: SigningKey;
  readonly id: string;
}

describe('relays of other operators', () => {
  let folder = '';
  let server: TestServer;
  const relays: TestRelay[] = [];
  const rootKey = () => SigningKey.fromText(readFileSync(join(folder, 'root.key'), 'utf8'), 'root');
  const listed = () =>
    [...(server.get(Coordinator).networkConfig(730)?.config.pops ?? [])].flatMap(([, pop]) =>
      pop.relays.flatMap(({ id }) => id ?? []),
    );

  /** A relay with a real socket on loopback, which answers and reports probes as its membership says. */
  const open = async (
    name: string,
    pop: string,
    options: {
      readonly port?: number;
      readonly routeKey?: Uint8Array;
      readonly certifiedFor?: string;
      readonly key?: SigningKey;
      readonly ca?: SigningKey;
    } = {},
  ): Promise<TestRelay> => {
    const socket = createSocket('udp4');
    socket.bind(options.port ?? 0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    const key = options.key ?? testKey(name);
    const now = Math.floor(server.clock.now() / 1000);
    const member = new RelayMembership({
      key,
      certificate: dataCentre(options.ca ?? rootKey(), key, [options.certifiedFor ?? pop], now),
      pop,
      ipv4: '127.0.0.1',
      firstPort: port,
      lastPort: port,
      ...(options.routeKey === undefined ? {} : { routeKey: options.routeKey }),
      clock: server.clock,
    });
    const relay = { socket, member, key, id: `${pop}-127.0.0.1-${port}` };
    socket.on('message', (bytes, info) => {
      const from = PeerAddress.of(info.address, info.port);
      if (bytes[0] === 0x11) {
        member.probeAnswer(bytes, from);
      } else {
        const answer = member.probe(bytes, from);
        if (answer !== undefined) socket.send(answer, info.port, info.address);
      }
    });
    relays.push(relay);
    return relay;
  };

  const checkIn = async ({ member, socket }: TestRelay) => {
    const answer = await post(server, '/coordinator/relays', { checkIn: base64(member.checkIn()) });
    if (answer.status !== 200) return answer.code;
    const probes = member.answered(answer.body as unknown as CheckInAnswer);
    for (const { to, bytes } of probes) {
      const heard = once(socket, 'message');
      socket.send(bytes, to.port, to.host);
      await heard;
    }
    await server.clock.advance(1000);
    return member.state;
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-relays-'));
    const probe = createSocket('udp4');
    probe.bind(0, '127.0.0.1');
    await once(probe, 'listening');
    const firstPort = probe.address().port;
    await new Promise<void>((resolve) => probe.close(() => resolve()));
    server = await startCoordinator(folder, {
      relayRanges: ['127.0.0.0/8'],
      pops: {
        fra: {
          relays: [
            {
              ipv4: '127.0.0.1',
              firstPort,
              lastPort: firstPort,
              keyId: String(testKey('first').id),
            },
          ],
        },
      },
    });
    const first = await open('first', 'fra', { port: firstPort });
    expect(await checkIn(first)).to.equal('listed');
  });
  afterEach(async () => {
    for (const { socket } of relays.splice(0)) {
      await new Promise<void>((resolve) => socket.close(() => resolve()));
    }
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  const startJoining = async (name: string, pop: string, options = {}) => {
    const relay = await open(name, pop, options);
    expect(await checkIn(relay)).to.equal('proving');
    for (const other of relays.filter((one) => one !== relay)) await checkIn(other);
    for (const other of relays.filter((one) => one !== relay)) await checkIn(other);
    return relay;
  };

  it('are listed when the only relay saw them answer at their address', async () => {
    const second = await startJoining('second', 'sto');
    expect(listed()).to.not.include(second.id);
    expect(await checkIn(second)).to.equal('listed');
    expect(listed()).to.include(second.id);
  });

  it('need two relays as soon as there are two', async () => {
    const second = await startJoining('second', 'sto');
    await checkIn(second);
    const third = await open('third', 'iad');
    await checkIn(third);
    const [first] = relays as [TestRelay];
    await checkIn(first);
    await checkIn(first);
    expect(await checkIn(third)).to.equal('proving');
    await checkIn(second);
    await checkIn(second);
    expect(await checkIn(third)).to.equal('listed');
  });

  it('are not listed when somebody else sits at the address they name', async () => {
    const thief = await open('thief', 'sto');
    // Its socket answers with another key, as a stranger at that address would at best.
    thief.socket.removeAllListeners('message');
    const stranger = testKey('stranger');
    thief.socket.on('message', (bytes, info) => {
      const answer = new RelayMembership({
        key: stranger,
        certificate: dataCentre(rootKey(), stranger, ['sto'], 0),
        pop: 'sto',
        ipv4: '127.0.0.1',
        firstPort: 1,
        lastPort: 1,
        clock: server.clock,
      });
      answer.answered({
        relay: '',
        state: 'proving',
        text: '',
        next: 0,
        probes: [],
        probers: ['127.0.0.1'],
      });
      const forged = answer.probe(bytes, PeerAddress.of(info.address, info.port));
      if (forged !== undefined) thief.socket.send(forged, info.port, info.address);
    });
    await checkIn(thief);
    const [first] = relays as [TestRelay];
    for (let i = 0; i < 3; i++) await checkIn(first);
    expect(await checkIn(thief)).to.equal('proving');
    expect(listed()).to.not.include(thief.id);
  });

  it('answer probes of announced hosts only', async () => {
    const second = await open('second', 'sto');
    const probe = new Uint8Array(96);
    probe[0] = 0x10;
    probe[1] = 1;
    const from = PeerAddress.of('127.0.0.1', 9);
    expect(second.member.probe(probe, from)).to.equal(undefined);
    await checkIn(second);
    expect(second.member.probe(probe, from)).to.have.length(82);
    expect(second.member.probe(probe, PeerAddress.of('192.0.2.1', 9))).to.equal(undefined);
  });

  it('leave the next config when drained, and are told', async () => {
    const second = await startJoining('second', 'sto');
    await checkIn(second);
    await server.get(RelayNetwork).drain('sto');
    expect(listed()).to.not.include(second.id);
    expect(await checkIn(second)).to.equal('draining');
    expect(listed()).to.not.include(second.id);
  });

  it('stay away once removed, until the operator admits them and they prove their address again', async () => {
    const second = await startJoining('second', 'sto');
    await checkIn(second);
    await server.get(RelayNetwork).remove(second.id);
    expect(await checkIn(second)).to.equal('removed');
    await server.clock.advance(200_000);
    expect(await checkIn(second)).to.equal('removed');
    await server.get(RelayNetwork).admit(second.id);
    const [first] = relays as [TestRelay];
    await checkIn(first);
    expect(await checkIn(second)).to.equal('proving');
  });

  it('cannot vouch for their own key, nor two of one key for another', async () => {
    const second = await startJoining('second', 'sto');
    expect(await checkIn(second)).to.equal('listed');
    // Another relay of the second's operator, which only the first may see.
    const sibling = await open('second', 'iad');
    expect(await checkIn(sibling)).to.equal('proving');
    for (let i = 0; i < 3; i++) await checkIn(second);
    expect(await checkIn(sibling)).to.equal('proving');
    const [first] = relays as [TestRelay];
    await checkIn(first);
    await checkIn(first);
    expect(await checkIn(sibling)).to.equal('listed');
    // Three are listed of two keys: a stranger is seen by one of each.
    const third = await open('third', 'ams');
    await checkIn(third);
    for (let i = 0; i < 3; i++) {
      await checkIn(second);
      await checkIn(sibling);
    }
    expect(await checkIn(third)).to.equal('proving');
    await checkIn(first);
    await checkIn(first);
    expect(await checkIn(third)).to.equal('listed');
  });

  it('do not come back on another port or host once removed', async () => {
    const second = await startJoining('second', 'sto');
    await checkIn(second);
    await server.get(RelayNetwork).remove(second.id);
    const again = await open('second', 'sto');
    expect(await checkIn(again)).to.equal('RELAY_REMOVED');
    const elsewhere = await open('second', 'ams');
    expect(await checkIn(elsewhere)).to.equal('RELAY_REMOVED');
    const key = testKey('second');
    const now = Math.floor(server.clock.now() / 1000);
    const moved = new RelayMembership({
      ...{ key, certificate: dataCentre(rootKey(), key, ['sto'], now), pop: 'sto' },
      ...{ ipv4: '127.0.0.2', firstPort: 30_000, lastPort: 30_000, clock: server.clock },
    });
    const { code, status } = await post(server, '/coordinator/relays', {
      checkIn: base64(moved.checkIn()),
    });
    expect([status, code]).to.deep.equal([403, 'RELAY_REMOVED']);
    await server.get(RelayNetwork).admit(second.id);
    expect(await checkIn(again)).to.equal('proving');
  });

  it('are each told that they are removed when all of their POP are', async () => {
    const second = await startJoining('second', 'sto');
    await checkIn(second);
    const sibling = await startJoining('second', 'sto');
    expect(await checkIn(sibling)).to.equal('listed');
    await server.get(RelayNetwork).remove('sto');
    expect(await checkIn(second)).to.equal('removed');
    expect(await checkIn(sibling)).to.equal('removed');
  });

  it('disappear at once when the key that certified them is revoked', async () => {
    const name = readdirSync(folder).find((file) => /^signing-.*\.key$/.test(file)) ?? '';
    const ca = SigningKey.fromText(readFileSync(join(folder, name), 'utf8'), name);
    const second = await startJoining('second', 'sto', { ca });
    await checkIn(second);
    expect(listed()).to.include(second.id);
    await server.get(RelayNetwork).revoke(ca.id, 'leaked');
    expect(listed()).to.not.include(second.id);
    expect(await checkIn(second)).to.equal('CERT_CA_REVOKED');
  });

  it('keep the route key of their POP even while they are silent', async () => {
    const own = RouteKey.generate().publicKey;
    const second = await startJoining('second', 'sto', { routeKey: own });
    await checkIn(second);
    await server.clock.advance(181_000 + 60_000);
    const [first] = relays as [TestRelay];
    await checkIn(first);
    const rival = await open('rival', 'sto', { routeKey: RouteKey.generate().publicKey });
    expect(await checkIn(rival)).to.equal('RELAY_ROUTE_KEY');
    // Nor may the relay itself, for whoever has its key could.
    const changed = await open('second', 'sto', { routeKey: RouteKey.generate().publicKey });
    expect(await checkIn(changed)).to.equal('RELAY_ROUTE_KEY');
    await checkIn(second);
    await server.get(RelayNetwork).remove('sto');
    expect(await checkIn(rival)).to.equal('proving');
  });

  it('bring no route key into a POP whose relays the configuration lists', async () => {
    const rival = await open('rival', 'fra', { routeKey: RouteKey.generate().publicKey });
    expect(await checkIn(rival)).to.equal('RELAY_ROUTE_KEY');
  });

  it('disappear at once when their key is revoked, and cannot check in any more', async () => {
    const second = await startJoining('second', 'sto');
    await checkIn(second);
    await server.get(RelayNetwork).revoke(second.key.id, 'leaked');
    expect(listed()).to.not.include(second.id);
    expect(server.get(Coordinator).networkConfig(730)?.config.revokedKeys).to.include(
      second.key.id,
    );
    expect(await checkIn(second)).to.equal('CERT_KEY_REVOKED');
  });

  it('leave the config when they fall silent', async () => {
    const second = await startJoining('second', 'sto');
    await checkIn(second);
    await server.clock.advance(181_000 + 60_000);
    expect(listed()).to.deep.equal([]);
  });

  it('bring the key to which routes into their POP are sealed; a second one for the POP is refused', async () => {
    const own = RouteKey.generate().publicKey;
    const second = await startJoining('second', 'sto', { routeKey: own });
    await checkIn(second);
    const pop = server.get(Coordinator).networkConfig(730)?.config.pops.get('sto');
    expect(pop?.routeKey).to.deep.equal(own);
    const rival = await open('rival', 'sto', { routeKey: RouteKey.generate().publicKey });
    expect(await checkIn(rival)).to.equal('RELAY_ROUTE_KEY');
  });

  it('are not taken for a configured relay when they have another key', async () => {
    const [first] = relays as [TestRelay];
    const { port } = first.socket.address();
    await server.clock.advance(181_000);
    const key = testKey('impostor');
    const member = new RelayMembership({
      key,
      certificate: dataCentre(rootKey(), key, ['fra'], Math.floor(server.clock.now() / 1000)),
      pop: 'fra',
      ipv4: '127.0.0.1',
      firstPort: port,
      lastPort: port,
      clock: server.clock,
    });
    const { body } = await post(server, '/coordinator/relays', {
      checkIn: base64(member.checkIn()),
    });
    expect(body.state).to.equal('waiting');
  });

  it('are refused in a POP their certificate does not name', async () => {
    const wrong = await open('wrong', 'sto', { certifiedFor: 'iad' });
    expect(await checkIn(wrong)).to.equal('CERT_WRONG_POP');
  });

  it('cannot play an old check-in back, change one, or take the address of another', async () => {
    const second = await startJoining('second', 'sto');
    const old = second.member.checkIn();
    await checkIn(second);
    const send = async (bytes: Uint8Array) =>
      (await post(server, '/coordinator/relays', { checkIn: base64(bytes) })).code;
    expect(await send(old)).to.equal('CHECK_IN_TIME');
    const changed = Uint8Array.from(old);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    expect(await send(changed)).to.equal('CHECK_IN_SIGNATURE');
    expect(await send(new Uint8Array(9000))).to.equal('CHECK_IN_MALFORMED');
    expect(await send(Uint8Array.of(1, 2, 3))).to.equal('CHECK_IN_MALFORMED');
    const port = second.socket.address().port;
    const rival = new RelayMembership({
      key: testKey('rival'),
      certificate: dataCentre(
        rootKey(),
        testKey('rival'),
        ['sto'],
        Math.floor(server.clock.now() / 1000),
      ),
      pop: 'sto',
      ipv4: '127.0.0.1',
      firstPort: port,
      lastPort: port,
      clock: server.clock,
    });
    expect(await send(rival.checkIn())).to.equal('RELAY_ADDRESS');
  });

  it('may not sit at private addresses unless configuration lists the range', async () => {
    const key = testKey('inside');
    const certificate = dataCentre(rootKey(), key, ['sto'], Math.floor(server.clock.now() / 1000));
    for (const ipv4 of [
      '10.0.0.1',
      '169.254.169.254',
      '192.168.1.1',
      '224.0.0.1',
      '0.0.0.0',
      'fra.example.org',
    ]) {
      const member = new RelayMembership({
        key,
        certificate,
        pop: 'sto',
        ipv4,
        firstPort: 30000,
        lastPort: 30000,
        clock: server.clock,
      });
      const { code } = await post(server, '/coordinator/relays', {
        checkIn: base64(member.checkIn()),
      });
      expect(code, ipv4).to.equal('RELAY_ADDRESS');
    }
  });

  it('are at most 64 for one key', async () => {
    const key = testKey('many');
    const certificate = dataCentre(rootKey(), key, ['sto'], Math.floor(server.clock.now() / 1000));
    const codes = [];
    for (let i = 0; i < 66; i++) {
      const member = new RelayMembership({
        key,
        certificate,
        pop: 'sto',
        ipv4: '127.0.0.1',
        firstPort: 40000 + i,
        lastPort: 40000 + i,
        clock: server.clock,
      });
      const { code } = await post(server, '/coordinator/relays', {
        checkIn: base64(member.checkIn()),
      });
      codes.push(code);
      await server.clock.advance(500);
    }
    expect(codes.slice(64)).to.deep.equal(['RELAY_TOO_MANY', 'RELAY_TOO_MANY']);
    expect(codes.slice(0, 64).every((code) => code === undefined)).to.equal(true);
  });

  it('tells the operator when there is no such relay', async () => {
    let failure: unknown;
    await server
      .get(RelayNetwork)
      .drain('xyz')
      .catch((error: unknown) => {
        failure = error;
      });
    expect(
      codeOf(() => {
        throw failure;
      }),
    ).to.equal('RELAY_UNKNOWN');
  });
});
