import { randomBytes } from 'node:crypto';
import { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { encodeSignedCertificate } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import { encodePopCode } from '../../../plugins/coordinator/sdr/pop-code-codec.js';
import * as codec from '../../../plugins/datagram-relay/relay-codec.js';
import type { RelayEngine } from '../../../plugins/datagram-relay/relay-engine.js';
import { ExchangeKey } from '../../../plugins/datagram-relay/relay-keys.js';
import { APP, CLIENT, RelayLab, SERVER } from './relay-lab.js';

const RELAY = PeerAddress.of('5.0.0.2', 27000);
const fill = (length: number, byte: number) => new Uint8Array(length).fill(byte);

describe('a relay under attack', () => {
  let lab: RelayLab;
  afterEach(() => lab.close());

  const session = async (options = {}) => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] }, { engine: options });
    await lab.server('5.9.0.1');
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(1500);
    const connection = await agent.connect(SERVER);
    await lab.clock.advance(1000);
    const relay = lab.relays.get('5.0.0.2') as RelayEngine;
    return { agent, connection, relay };
  };
  /** A cookie for an address that the attacker holds. */
  const cookieFor = async (from: string, relay = RELAY): Promise<Uint8Array> => {
    let cookie: Uint8Array | undefined;
    lab.network.attach(from, (bytes) => {
      if (bytes[0] === 2) cookie = codec.decodeProbeOk(bytes).cookie;
    });
    lab.network.send(codec.encodeProbe({ nonce: fill(8, 1), time: fill(8, 2) }), from, relay);
    await lab.clock.advance(10);
    return cookie as Uint8Array;
  };
  const openFor = (cookie: Uint8Array, fields: Partial<codec.Open> = {}, identity = CLIENT) => {
    const { key, certificate } = lab.credentials(identity);
    return codec.encodeOpen(
      {
        cookie,
        clientId: 7,
        hopKey: ExchangeKey.generate().publicKey,
        random: randomBytes(16),
        relayKey: lab.routeKey.publicKey,
        peerToPeer: false,
        next: undefined,
        ticket: lab.ticket('5.9.0.1:30000'),
        certificate: encodeSignedCertificate(certificate),
        endPart: codec.encodeEndPart({
          appId: APP,
          connection: randomBytes(8),
          key: ExchangeKey.generate().publicKey,
          random: randomBytes(16),
          client: identity,
          server: SERVER,
          ports: [0],
        }),
        ...fields,
      },
      (bytes) => key.sign(bytes),
    );
  };
  const codesOf = (address: string) =>
    lab.network.captured
      .filter(({ to, bytes }) => to === address && bytes[0] === codec.Lead.refused)
      .map(({ bytes }) => codec.decodeRefused(bytes).code);

  it('forwards none of the data packets with a bit flipped in any byte', async () => {
    const { connection, relay } = await session();
    lab.network.capture = true;
    connection.send(0, Buffer.from('the original'));
    const packet = lab.network.captured.find(
      ({ from, bytes }) => from.startsWith('6.0.0.1') && (bytes[0] as number) >= 0x80,
    );
    await lab.clock.advance(100);
    expect(lab.received.length).equal(1);
    const { forwarded } = relay.forwarder.counters;
    const bytes = packet?.bytes as Uint8Array;
    let flips = 0;
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes.slice();
        changed[at] = (changed[at] as number) ^ (1 << bit);
        lab.network.send(changed, packet?.from as string, RELAY);
        flips++;
      }
    }
    await lab.clock.advance(100);
    expect(flips).equal(bytes.length * 8);
    expect(lab.received.length).equal(1);
    // Only pings of the good client went through meanwhile.
    expect(relay.forwarder.counters.forwarded - forwarded).below(10);
  });

  it('forwards no packet twice, from the same address or another one', async () => {
    const { connection, relay } = await session();
    lab.network.capture = true;
    for (let i = 0; i < 20; i++) connection.send(0, Buffer.from(`packet ${i}`));
    await lab.clock.advance(100);
    const own = lab.network.captured.filter(
      ({ from, to, bytes }) =>
        from.startsWith('6.0.0.1') && to === String(RELAY) && (bytes[0] as number) >= 0x80,
    );
    for (const { bytes, from } of own) {
      lab.network.send(bytes, from, RELAY);
      lab.network.send(bytes, '9.9.9.9:1234', RELAY);
    }
    await lab.clock.advance(100);
    expect(lab.received.length).equal(20);
    expect(relay.forwarder.counters.replayed).equal(own.length * 2);
    expect(lab.network.captured.some(({ to }) => to.startsWith('9.9.9.9'))).equal(false);
  });

  it('answers 5000 spoofed packets of every kind with at most as many bytes as came, and keeps nothing', async () => {
    const { relay } = await session();
    const legs = relay.legs.count;
    lab.network.capture = true;
    let asked = 0;
    for (let i = 0; i < 5000; i++) {
      const bytes = new Uint8Array(randomBytes(1 + (i % 1400)));
      bytes[0] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0x10, 0x40, 0x80, 0x84][i % 13] as number;
      if (bytes.length > 1) bytes[1] = 1;
      asked += bytes.length;
      lab.network.send(bytes, `198.18.${i % 250}.7:${1024 + i}`, RELAY);
    }
    await lab.clock.advance(100);
    const sizes = new Map<string, number>();
    for (const { from, to, bytes } of lab.network.captured) {
      if (!to.startsWith('198.18.') && !from.startsWith('198.18.')) continue;
      const victim = to.startsWith('198.18.') ? to : from;
      const sign = to.startsWith('198.18.') ? 1 : -1;
      sizes.set(victim, (sizes.get(victim) ?? 0) + sign * bytes.length);
    }
    expect(asked).above(3_000_000);
    expect(sizes.size).equal(5000);
    expect(Math.max(...sizes.values())).at.most(0);
    expect(relay.legs.count).equal(legs);
  });

  it('opens nothing with a cookie of another address', async () => {
    const { relay } = await session();
    const cookie = await cookieFor('8.8.0.1:1000');
    const legs = relay.legs.count;
    lab.network.capture = true;
    for (let i = 0; i < 50; i++) lab.network.send(openFor(cookie), `8.8.0.${i + 2}:1000`, RELAY);
    await lab.clock.advance(100);
    expect(relay.handshakes.badCookie).equal(50);
    expect(lab.network.captured.filter(({ to }) => to.startsWith('8.8.0.'))).deep.equal([]);
    expect(relay.legs.count).equal(legs);
  });

  it('refuses stolen, foreign, expired and forged tickets, each with its code', async () => {
    await session();
    const from = '8.8.0.1:1000';
    const cookie = await cookieFor(from);
    lab.network.capture = true;
    const foreign = new RelayLab({ bbb: ['5.0.0.2'] });
    const now = lab.unix();
    const attempts: readonly (readonly [number, Uint8Array])[] = [
      [codec.Refusal.mismatch, openFor(cookie, {}, 'str:mallory')],
      [
        codec.Refusal.mismatch,
        openFor(cookie, { ticket: lab.ticket('5.9.0.1:30000', { server: 'str:other' }) }),
      ],
      [
        codec.Refusal.mismatch,
        openFor(cookie, { ticket: lab.ticket('5.9.0.1:30000', { appId: 481 }) }),
      ],
      [
        codec.Refusal.mismatch,
        openFor(cookie, { ticket: lab.ticket('5.9.0.1:30000', { virtualPort: 5 }) }),
      ],
      [
        codec.Refusal.mismatch,
        openFor(cookie, {
          ticket: lab.ticket('5.9.0.1:30000', { publicIp: PeerAddress.of('8.8.0.9', 0) }),
        }),
      ],
      [
        codec.Refusal.ticketExpired,
        openFor(cookie, { ticket: lab.ticket('5.9.0.1:30000', { expiresAt: now - 1 }) }),
      ],
      [codec.Refusal.ticket, openFor(cookie, { ticket: foreign.ticket('5.9.0.1:30000') })],
      [codec.Refusal.ticket, openFor(cookie, { ticket: fill(300, 7) })],
      [codec.Refusal.certificate, openFor(cookie, { certificate: fill(100, 7) })],
      [codec.Refusal.noServer, openFor(cookie, { ticket: lab.ticket('5.9.0.2:30000') })],
    ];
    for (const [, bytes] of attempts) lab.network.send(bytes, from, RELAY);
    await lab.clock.advance(100);
    expect(codesOf(from)).deep.equal(attempts.map(([code]) => code));
    await foreign.close();
  });

  it('refuses an OPEN with any byte changed, and does not follow it', async () => {
    const { relay } = await session({ opensPerMinute: 60_000, handshakesPerSecond: 100_000 });
    const from = '8.8.0.1:1000';
    const cookie = await cookieFor(from);
    const open = openFor(cookie);
    const { opened } = relay.handshakes;
    const { joins } = relay.handshakes;
    for (let at = 0; at < open.length; at++) {
      const changed = open.slice();
      changed[at] = (changed[at] as number) ^ (1 << (at % 8));
      try {
        relay.receive(changed, PeerAddress.parse(from) as PeerAddress);
      } catch (error) {
        expect((error as Error).name).equal('DecodeError');
      }
    }
    await lab.clock.advance(100);
    expect(relay.handshakes.opened).equal(opened);
    expect(relay.handshakes.joins).equal(joins);
  });

  it('says no, and why, when the next relay does', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'] });
    await lab.server('5.9.0.1');
    await lab.clock.advance(1500);
    const first = PeerAddress.of('5.0.0.1', 27000);
    const from = '8.8.0.1:1000';
    const cookie = await cookieFor(from, first);
    lab.network.capture = true;
    const ticket = lab.ticket('5.9.0.77:30000');
    lab.network.send(openFor(cookie, { next: RELAY, ticket }), from, first);
    await lab.clock.advance(1000);
    expect(codesOf(from)).deep.equal([codec.Refusal.noServer]);
  });

  it('says no once more to who asks again after the way ahead is gone', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'] });
    await lab.server('5.9.0.1');
    await lab.clock.advance(1500);
    const first = PeerAddress.of('5.0.0.1', 27000);
    const from = '8.8.0.1:1000';
    const open = openFor(await cookieFor(from, first), { next: RELAY });
    lab.network.detach(String(RELAY));
    lab.network.capture = true;
    lab.network.send(open, from, first);
    await lab.clock.advance(15_000);
    lab.network.send(open, from, first);
    await lab.clock.advance(100);
    expect(codesOf(from)).deep.equal([codec.Refusal.server]);
  });

  it('opens one session for an OPEN that is played back, and nothing for it elsewhere', async () => {
    const { relay } = await session();
    const from = '8.8.0.1:1000';
    const open = openFor(await cookieFor(from));
    const { opened } = relay.handshakes;
    for (let i = 0; i < 10; i++) lab.network.send(open, from, RELAY);
    lab.network.send(open, '8.8.0.2:1000', RELAY);
    await lab.clock.advance(1000);
    expect(relay.handshakes.opened).equal(opened + 1);
  });

  it('takes two sessions per ticket, the newest ones', async () => {
    const { relay } = await session();
    const ticket = lab.ticket('5.9.0.1:30000');
    const before = relay.legs.count;
    for (let i = 0; i < 5; i++) {
      const from = `8.8.0.${i + 1}:1000`;
      lab.network.send(openFor(await cookieFor(from), { ticket }), from, RELAY);
      await lab.clock.advance(100);
    }
    expect(relay.legs.count - before).equal(4);
  });

  it('sends JOIN to nobody who has not registered from that address', async () => {
    await session();
    const from = '8.8.0.1:1000';
    const cookie = await cookieFor(from);
    lab.network.capture = true;
    const targets = [
      '127.0.0.1:30000',
      '10.0.0.1:53',
      '169.254.169.254:80',
      '224.0.0.1:5353',
      '5.0.0.2:27000',
      '9.9.9.9:443',
    ];
    for (const target of targets)
      lab.network.send(openFor(cookie, { ticket: lab.ticket(target) }), from, RELAY);
    await lab.clock.advance(1000);
    expect(codesOf(from)).deep.equal(targets.map(() => codec.Refusal.noServer));
    expect(lab.network.captured.filter(({ bytes }) => bytes[0] === codec.Lead.join)).deep.equal([]);
  });

  it('takes no registration from loopback, private, link-local or relay addresses', async () => {
    const { relay } = await session();
    const { key, certificate } = lab.credentials(SERVER, { pops: [encodePopCode('bbb')] });
    const sources = [
      '127.0.0.1:30000',
      '10.0.0.1:30000',
      '192.168.0.1:30000',
      '169.254.1.1:30000',
      '100.64.0.1:30000',
      '192.0.2.1:30000',
      '5.0.0.2:30000',
    ];
    for (const from of [...sources, '9.9.9.9:30000']) {
      const cookie = await cookieFor(from);
      const bytes = codec.encodeRegister(
        {
          cookie,
          id: 9,
          key: ExchangeKey.generate().publicKey,
          time: lab.unix(),
          relayKey: lab.routeKey.publicKey,
          appId: APP,
          pop: encodePopCode('bbb'),
          identity: SERVER,
          certificate: encodeSignedCertificate(certificate),
        },
        (signed) => key.sign(signed),
      );
      lab.network.send(bytes, from, RELAY);
    }
    await lab.clock.advance(100);
    expect(relay.handshakes.unregistered).equal(sources.length);
    const known = [...relay.registrations.all].map(({ address }) => String(address));
    expect(known).deep.equal(['5.9.0.1:30000', '9.9.9.9:30000']);
  });

  it('carries at least 95 % of good traffic beside a flood from 64 addresses, half with cookies, in bounded memory', async () => {
    const { connection, relay } = await session({ handshakesPerSecond: 50 });
    const cookies = new Map<string, Uint8Array>();
    for (let i = 0; i < 64; i++) {
      const from = `8.8.1.${i}:1000`;
      if (i % 2 === 0) cookies.set(from, await cookieFor(from));
    }
    const { forwarded } = relay.forwarder.counters;
    lab.received.length = 0;
    let flood = 0;
    for (let step = 0; step < 100; step++) {
      for (let i = 0; i < 64; i++) {
        const from = `8.8.1.${i}:1000`;
        const cookie = cookies.get(from);
        const address = PeerAddress.parse(from) as PeerAddress;
        for (let n = 0; n < 4; n++) {
          const bytes = new Uint8Array(randomBytes(1200));
          bytes[0] = cookie === undefined ? 0x80 : 3;
          if (cookie !== undefined) {
            bytes[1] = 1;
            bytes.set(cookie, 2);
          }
          try {
            relay.receive(bytes, address);
          } catch (error) {
            expect((error as Error).name).equal('DecodeError');
          }
          flood++;
        }
      }
      connection.send(0, Buffer.from(String(step)));
      await lab.clock.advance(20);
    }
    expect(flood).equal(25_600);
    expect(lab.received.length).at.least(95);
    expect(relay.forwarder.counters.forwarded - forwarded).below(300);
    expect(relay.legs.count).equal(2);
  });

  it('opens sessions, of one hop and of two, beside 4000 JOINs a second from the spoofed address of a relay', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'] });
    await lab.server('5.9.0.1');
    await lab.clock.advance(1500);
    const first = PeerAddress.of('5.0.0.1', 27000);
    const relay = lab.relays.get('5.0.0.2') as RelayEngine;
    const near = openFor(await cookieFor('8.8.0.1:1000'));
    const far = openFor(await cookieFor('8.8.0.2:1000', first), { next: RELAY });
    lab.network.capture = true;
    for (let step = 0; step < 50; step++) {
      for (let i = 0; i < 80; i++) {
        const bytes = new Uint8Array(randomBytes(1200));
        bytes.set([codec.Lead.join, codec.VERSION, 0, 0, 0, 0]);
        expect(() => relay.receive(bytes, first)).throw('not sealed');
      }
      if (step === 25) {
        lab.network.send(near, '8.8.0.1:1000', RELAY);
        lab.network.send(far, '8.8.0.2:1000', first);
      }
      await lab.clock.advance(20);
    }
    const answered = (address: string) =>
      lab.network.captured.filter(({ to, bytes }) => to === address && bytes[0] === 4).length;
    expect([answered('8.8.0.1:1000'), answered('8.8.0.2:1000')]).deep.equal([1, 1]);
    expect(relay.handshakes.limited).equal(0);
  });

  it('unseals 5000 JOINs a second and drops the others unread', async () => {
    lab = new RelayLab({ aaa: ['5.0.0.1'], bbb: ['5.0.0.2'] });
    const relay = lab.relays.get('5.0.0.2') as RelayEngine;
    let unsealed = 0;
    for (let i = 0; i < 12_000; i++) {
      const bytes = new Uint8Array(1200);
      bytes.set([codec.Lead.join, codec.VERSION]);
      try {
        relay.receive(bytes, PeerAddress.of('5.0.0.1', 27000));
      } catch {
        unsealed++;
      }
    }
    expect(unsealed).equal(5000);
  });

  it('drops what one session sends over its rate, and counts it', async () => {
    const { connection, relay } = await session({
      limits: { packetsPerSecond: 100, bytesPerSecond: 100_000, burst: 1 },
    });
    await lab.clock.advance(2000);
    lab.received.length = 0;
    for (let i = 0; i < 500; i++) connection.send(0, Buffer.from('x'));
    await lab.clock.advance(100);
    expect(lab.received.length).within(80, 110);
    expect(relay.forwarder.counters.limited).above(380);
  });

  it('lets no stranger take over a session by sending from elsewhere', async () => {
    const { connection, relay } = await session();
    lab.network.capture = true;
    connection.send(0, Buffer.from('mine'));
    const packet = lab.network.captured.find(
      ({ from, bytes }) => from.startsWith('6.0.0.1') && (bytes[0] as number) >= 0x80,
    );
    // The thief is quicker than the client's own packet, while the server has much to say.
    relay.receive(packet?.bytes.slice() as Uint8Array, PeerAddress.of('9.9.9.9', 666));
    const [served] = lab.servers[0]?.connections ?? [];
    for (let i = 0; i < 50; i++) {
      served?.send(0, fill(i < 25 ? 20 : 1000, 7));
      await lab.clock.advance(100);
    }
    expect(served?.stats.sent).above(50);
    expect(relay.forwarder.counters.migrations).equal(0);
    const sent = lab.network.captured.filter(({ to }) => to === '9.9.9.9:666');
    expect(sent.reduce((sum, { bytes }) => sum + bytes.length, 0)).at.most(
      (packet?.bytes.length ?? 0) * 3,
    );
    expect(connection.state).equal(3);
  });
});
