import { PeerAddress } from 'beaconry';
import type { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { CertificateStore } from '../../../plugins/coordinator/sdr/certificate-store.js';
import { SigningKey } from '../../../plugins/coordinator/sdr/signing-key.js';
import { ConnectionState } from '../../../plugins/datagram-relay/agent/connection-state.js';
import { PlainUdpAgent } from '../../../plugins/datagram-relay/plain-udp/plain-udp-agent.js';
import * as codec from '../../../plugins/datagram-relay/plain-udp/plain-udp-codec.js';
import type { PlainUdpConnection } from '../../../plugins/datagram-relay/plain-udp/plain-udp-connection.js';
import { SessionOffer } from '../../../plugins/datagram-relay/plain-udp/session-offer.js';
import {
  decodeFrames,
  encodeFrames,
  type Frame,
} from '../../../plugins/datagram-relay/plain-udp/snp-codec.js';
import { ExchangeKey } from '../../../plugins/datagram-relay/relay-keys.js';
import { fromHex, toHex, vectors } from '../coordinator/vectors.js';
import { RelayLab } from './relay-lab.js';
import type { SimulatedNetwork } from './simulated-network.js';

const { PlainLead } = codec;
const SERVER = PeerAddress.of('6.0.0.9', 27015);
const text = (words: string) => Buffer.from(words);
const session = vectors.plain_udp_session;
const context = { messageNumber: 0, position: 1, sent: 0 };

describe('plain UDP codec', () => {
  it('reads the recorded handshake and writes the same bytes', () => {
    const [challenge, reply, request, ok] = vectors.plain_udp_handshake.map(({ hex }) =>
      fromHex(hex),
    );
    for (const [lead, bytes = new Uint8Array()] of [
      [PlainLead.challengeRequest, challenge],
      [PlainLead.challengeReply, reply],
      [PlainLead.connectRequest, request],
      [PlainLead.connectOk, ok],
    ] as const) {
      const message = codec.decodePlain(lead, bytes);
      expect(toHex(codec.encodePlain(lead, message))).equal(toHex(bytes));
    }
  });

  it('reads the header of the recorded data packets', () => {
    const data = vectors.plain_udp_handshake.slice(4).map(({ hex }) => fromHex(hex));
    const headers = data.map((bytes) => codec.decodePlainData(bytes));
    expect(headers.map(({ number }) => number)).deep.equal([2, 3, 2, 4]);
    expect(new Set(headers.map(({ connectionId }) => connectionId)).size).equal(2);
    for (const [i, { connectionId, number, sealed }] of headers.entries()) {
      expect(toHex(codec.encodePlainData(connectionId, number, sealed))).equal(
        toHex(data[i] as Uint8Array),
      );
    }
  });

  it('skips statistics and times that come along', () => {
    const sealed = new Uint8Array(20).fill(7);
    const bytes = Uint8Array.from([0x83, 1, 0, 0, 0, 5, 0, 3, 9, 9, 9, 4, 4, ...sealed]);
    expect(codec.decodePlainData(bytes)).deep.include({ number: 5, hasStats: true, sealed });
  });

  it('never takes a handshake datagram that is cut off for the whole one', () => {
    const textOf = (message: unknown) =>
      JSON.stringify(message, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
    for (const { hex, lead } of vectors.plain_udp_handshake.slice(0, 4)) {
      const bytes = fromHex(hex);
      const whole = textOf(codec.decodePlain(lead as 0x20, bytes));
      for (let length = 0; length < bytes.length; length++) {
        try {
          const part = codec.decodePlain(lead as 0x20, bytes.subarray(0, length));
          expect(textOf(part), `first ${length} bytes`).not.equal(whole);
        } catch (error) {
          expect((error as Error).name).equal('DecodeError');
        }
      }
    }
  });

  it('throws nothing but DecodeError for random bytes', () => {
    const only = (read: () => unknown) => {
      try {
        read();
      } catch (error) {
        expect((error as Error).name).equal('DecodeError');
      }
    };
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.integer({ min: 0, max: 5 }),
        (bytes, kind) => {
          const lead = (0x20 + kind) as 0x20;
          only(() => codec.decodePlain(lead, Uint8Array.from([lead, ...bytes])));
          only(() => codec.decodePlainData(Uint8Array.from([0x83, ...bytes])));
          only(() => decodeFrames(bytes, context));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('frames in plain UDP packets', () => {
  it('are read from the recorded payload', () => {
    const plain = fromHex(session.data[0]?.plaintext ?? '');
    expect(decodeFrames(plain, context)).deep.equal([
      { type: 'stopWaiting', offset: 1 },
      { type: 'ack', latest: 1, delay: 65535, blocks: [] },
      { type: 'reliable', position: 1, data: Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0, 0) },
    ]);
  });

  it('are written as the library writes them', () => {
    const plain = fromHex(session.data[0]?.plaintext ?? '');
    expect(toHex(encodeFrames(decodeFrames(plain, context)))).equal(toHex(plain));
  });

  it('come back from any numbers and sizes', () => {
    const frame = fc.oneof(
      fc.record({ type: fc.constant('stopWaiting' as const), offset: fc.nat(1e6) }),
      fc.record({
        type: fc.constant('ack' as const),
        latest: fc.nat(30_000),
        delay: fc.nat(65535),
        blocks: fc.array(fc.record({ came: fc.nat(500), missing: fc.nat(500) }), { maxLength: 12 }),
      }),
    );
    const segment = fc.oneof(
      fc.record({
        type: fc.constant('unreliable' as const),
        messageNumber: fc.nat(30_000),
        offset: fc.nat(30_000),
        last: fc.boolean(),
        data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      }),
      fc.record({
        type: fc.constant('reliable' as const),
        position: fc.nat(1e9),
        data: fc.uint8Array({ minLength: 1, maxLength: 300 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 3 }), segment, (frames, last) => {
        const all: Frame[] = [...frames, last];
        const read = decodeFrames(encodeFrames(all), {
          messageNumber: 100,
          position: 1,
          sent: 100,
        });
        expect(read).deep.equal(all);
      }),
      { numRuns: 200 },
    );
  });

  it('are refused when a number or its data is cut off', () => {
    const bytes = fromHex('2001000300aabbcc');
    const cut = Uint8Array.from([0x20, 1, 0, 3, 0xaa, 0xbb]);
    expect(bytes.length).equal(8);
    expect(() => decodeFrames(cut, context)).throws(/needs 3 bytes/);
    expect(() => decodeFrames(Uint8Array.of(0x81, 1), context)).throws(/needs/);
    expect(() => decodeFrames(Uint8Array.of(0xc0), context)).throws(/reserved/);
  });
});

describe('plain UDP connections', () => {
  let lab: RelayLab;
  let clock: FakeClock;
  let network: SimulatedNetwork;
  const agents: PlainUdpAgent[] = [];
  beforeEach(() => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    ({ clock, network } = lab);
  });
  afterEach(async () => {
    for (const agent of agents.splice(0)) await agent.close();
    await lab.close();
  });

  const agent = async (
    host: string,
    identity: string,
    options: Partial<ConstructorParameters<typeof PlainUdpAgent>[0]> = {},
  ) => {
    const config = { ...lab.config, directMode: 'udp' as const };
    const made = new PlainUdpAgent({
      clock,
      openSocket: network.host(host).open,
      appId: 480,
      network: () => ({ config, certificates: lab.store }),
      credentials: async () => lab.credentials(identity),
      ...options,
    });
    agents.push(await made.start());
    return made;
  };
  const server = async (received: string[], options = {}) => {
    const accepted: PlainUdpConnection[] = [];
    const listening = await agent('6.0.0.9', 'str:server', {
      listen: { port: 27015 },
      accept: (connection) => {
        accepted.push(connection);
        connection.listener = {
          onMessage: (bytes, reliable) => {
            received.push(`${reliable ? 'reliable ' : ''}${Buffer.from(bytes)}`);
          },
        };
        return true;
      },
      ...options,
    });
    return { listening, accepted };
  };

  it('take up the recorded session: same keys, and the message of both data packets once', async () => {
    const sent: Uint8Array[] = [];
    const messages: string[] = [];
    let deliver: (bytes: Uint8Array, from: PeerAddress) => void = () => {};
    const recorded = new PlainUdpAgent({
      clock,
      openSocket: async (onDatagram) => {
        deliver = onDatagram;
        return { port: 1, send: (bytes) => sent.push(bytes), close: async () => {} };
      },
      appId: 0,
      network: () => ({ config: lab.config, certificates: new CertificateStore() }),
      credentials: async () => lab.credentials('str:probe'),
      authentication: 'allow',
    });
    agents.push(await recorded.start());
    const hex = (name: string) => fromHex(session[name] ?? '');
    const offer = new SessionOffer(
      {
        key: SigningKey.fromSeed(hex('client_ed25519_seed')),
        certificate: { body: hex('client_cert_body'), caKeyId: 0n, signature: new Uint8Array() },
      },
      ExchangeKey.fromBytes(hex('client_x25519_private')),
      0x0102030405060708n,
    );
    expect(toHex(offer.keyMessage)).equal(session.client_key_message);
    const connection = recorded.dial(
      SERVER,
      offer,
      session.client_connection_id,
      'str:echo-server',
    );
    connection.listener = {
      onMessage: (bytes, reliable) => messages.push(`${reliable} ${toHex(bytes)}`),
    };
    deliver(
      codec.encodePlain(PlainLead.challengeReply, {
        connectionId: session.client_connection_id,
        challenge: 1n,
        yourTimestamp: 42n,
        protocolVersion: 13,
      }),
      SERVER,
    );
    expect(sent.map(([lead]) => lead)).deep.equal([0x20, 0x22]);
    deliver(hex('connect_ok'), SERVER);
    expect(connection.state).equal(ConnectionState.connected);
    expect(connection.remote).equal('str:echo-server');
    for (const { packet } of session.data) deliver(fromHex(packet), SERVER);
    expect(connection.stats).include({ received: 2, rejected: 0 });
    expect(messages).deep.equal(['true 0000000000000000']);
  });

  it('carry messages both ways, reliable ones whole and in order', async () => {
    const received: string[] = [];
    const { accepted } = await server(received);
    const client = await agent('6.0.0.1', 'str:alice');
    const connection = await client.connect(SERVER, 'str:server');
    const answers: number[] = [];
    connection.listener = { onMessage: (bytes) => answers.push(bytes.length) };
    await clock.advance(1000);
    expect(connection.state).equal(ConnectionState.connected);
    expect(accepted[0]?.remote).equal('str:alice');
    connection.sendMessage(text('hello'));
    connection.sendMessage(text('promise'), { reliable: true });
    connection.sendMessage(text('again'), { reliable: true });
    accepted[0]?.sendMessage(Buffer.alloc(100_000, 1), { reliable: true });
    accepted[0]?.sendMessage(Buffer.alloc(9000, 2));
    await clock.advance(3000);
    expect(received).deep.equal(['hello', 'reliable promise', 'reliable again']);
    expect(answers.sort()).deep.equal([100_000, 9000]);
  });

  it('lose no reliable message though a third of all packets is lost and some come twice', async () => {
    const received: string[] = [];
    await server(received);
    const client = await agent('6.0.0.1', 'str:alice');
    const connection = await client.connect(SERVER);
    await clock.advance(1000);
    let chance = 7;
    network.passes = ({ bytes, from, to }) => {
      chance = (chance * 1103515245 + 12345) % 2147483648;
      if (chance % 1000 < 333) return false;
      if (chance % 7 === 0) {
        const sender = PeerAddress.parse(from) as PeerAddress;
        const target = PeerAddress.parse(to) as PeerAddress;
        const twice = bytes.slice();
        clock.after(3, () => network.deliver(twice, sender, target));
      }
      return true;
    };
    const wanted = Array.from({ length: 60 }, (_, i) => `${i} `.repeat(i * 20));
    for (const message of wanted) connection.sendMessage(text(message), { reliable: true });
    await clock.advance(8000);
    expect(received).deep.equal(wanted.map((message) => `reliable ${message}`));
  });

  it('end at both sides with the reason and text of the one that closes', async () => {
    const { accepted } = await server([]);
    const client = await agent('6.0.0.1', 'str:alice');
    const connection = await client.connect(SERVER);
    await clock.advance(1000);
    connection.close(1042, 'match over');
    await clock.advance(100);
    const [far] = accepted;
    expect([far?.state, far?.endReason, far?.endText]).deep.equal([4, 1042, 'match over']);
  });

  it('end after ten seconds of silence', async () => {
    await server([]);
    const client = await agent('6.0.0.1', 'str:alice');
    const connection = await client.connect(SERVER);
    await clock.advance(30_000);
    expect(connection.state).equal(ConnectionState.connected);
    network.passes = () => false;
    await clock.advance(11_000);
    expect([connection.state, connection.endReason]).deep.equal([5, 5003]);
  });

  it('need a network config that says direct_mode: udp', async () => {
    const client = await agent('6.0.0.1', 'str:alice', {
      network: () => ({ config: lab.config, certificates: lab.store }),
    });
    const refused = await client.connect(SERVER).catch((error: Error) => error);
    expect(String(refused)).match(/direct_mode: relay, which allows no plain UDP/);
  });

  it('are refused to a client without a certificate of the network, and to a server that is another', async () => {
    const { listening } = await server([]);
    const stranger = SigningKey.generate();
    const own = lab.credentials('str:mallory');
    const forged = { key: stranger, certificate: own.certificate };
    const client = await agent('6.0.0.1', 'str:mallory', { credentials: async () => forged });
    const connection = await client.connect(SERVER);
    await clock.advance(11_000);
    expect([connection.state, connection.endReason]).deep.equal([5, 5003]);
    expect(listening.counters?.refused).above(0);
    expect(listening.connections).deep.equal([]);
    const honest = await agent('6.0.0.2', 'str:alice');
    const wrong = await honest.connect(SERVER, 'str:somebody');
    await clock.advance(1000);
    expect([wrong.endReason, wrong.endText]).deep.equal([
      4003,
      'str:server answered in place of str:somebody',
    ]);
  });

  it('keep nothing of strangers, and answer them with no more than they sent', async () => {
    const { listening } = await server([]);
    network.capture = true;
    let asked = 0;
    const seed = fromHex(vectors.plain_udp_handshake[2]?.hex ?? '');
    for (let i = 0; i < 600; i++) {
      const bytes =
        i % 3 === 0
          ? codec.encodePlain(PlainLead.challengeRequest, { connectionId: i })
          : i % 3 === 1
            ? codec.encodePlain(PlainLead.connectionClosed, { toConnectionId: i })
            : seed;
      asked += bytes.length;
      network.send(bytes, `9.9.${i >> 8}.${i & 255}:1000`, SERVER);
    }
    await clock.advance(100);
    const answers = network.captured.filter(({ from }) => from === '6.0.0.9:27015');
    expect(answers.length).equal(201);
    expect(answers.every(({ bytes }) => bytes.length <= 32)).equal(true);
    expect(asked).above(200_000);
    expect(listening.connections).deep.equal([]);
    expect(listening.counters?.badCookie).equal(200);
  });

  it('take no data packet twice, changed, or from another address', async () => {
    const received: string[] = [];
    await server(received);
    const client = await agent('6.0.0.1', 'str:alice');
    const connection = await client.connect(SERVER);
    await clock.advance(1000);
    network.capture = true;
    connection.sendMessage(text('once'));
    const packet = network.captured.find(({ bytes }) => bytes[0] === 0x80)?.bytes as Uint8Array;
    await clock.advance(50);
    const from = network.captured[0]?.from as string;
    network.send(packet, from, SERVER);
    network.send(packet, '9.9.9.9:1', SERVER);
    for (let at = 1; at < packet.length; at++) {
      const changed = packet.slice();
      changed[at] = (changed[at] as number) ^ 1;
      network.send(changed, from, SERVER);
    }
    await clock.advance(100);
    expect(received).deep.equal(['once']);
    expect(connection.state).equal(ConnectionState.connected);
  });
});
