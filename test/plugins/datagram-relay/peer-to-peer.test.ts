import { randomBytes } from 'node:crypto';
import type { PeerAddress } from 'beaconry';
import { expect } from 'chai';
import { encodeSignedCertificate } from '../../../plugins/coordinator/sdr/certificate-codec.js';
import type { Hop } from '../../../plugins/datagram-relay/agent/hop.js';
import { PathOpening } from '../../../plugins/datagram-relay/agent/path-opening.js';
import { RelayProber } from '../../../plugins/datagram-relay/agent/relay-prober.js';
import { encodeEndPart, Lead } from '../../../plugins/datagram-relay/relay-codec.js';
import { ExchangeKey } from '../../../plugins/datagram-relay/relay-keys.js';
import { APP, RelayLab } from './relay-lab.js';

describe('peers at one relay', () => {
  let lab: RelayLab;
  beforeEach(() => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
  });
  afterEach(() => lab.close());

  /** A peer with a session of its own: its hop, its token, and what came. */
  const peer = async (host: string, identity: string) => {
    const received: Uint8Array[] = [];
    const state: { hop?: Hop; token?: Uint8Array } = {};
    const send = (bytes: Uint8Array, to: PeerAddress) => lab.network.send(bytes, host, to);
    const prober = new RelayProber(lab.clock, send);
    prober.update(lab.config);
    const [relay] = prober.relays;
    if (relay === undefined) throw new Error('no relay');
    const { key, certificate } = lab.credentials(identity);
    const endPart = encodeEndPart({
      appId: APP,
      connection: randomBytes(8),
      key: ExchangeKey.generate().publicKey,
      random: randomBytes(16),
      client: identity,
      server: '',
      ports: [0],
    });
    const opening = new PathOpening(
      {
        id: 77,
        route: { first: relay, second: undefined, score: 0 },
        endPart,
        certificate: encodeSignedCertificate(certificate),
        ticket: new Uint8Array(),
        peerToPeer: true,
        sign: (bytes) => key.sign(bytes),
        send,
        cookie: () => prober.cookie(relay),
      },
      lab.clock.monotonic(),
    );
    lab.network.attach(host, (bytes, from) => {
      const now = lab.clock.monotonic();
      if (bytes[0] === Lead.probeOk) prober.answered(bytes, from);
      else if (bytes[0] === Lead.openOk) {
        const answered = opening.answered(bytes, from, now);
        if (answered === undefined) return;
        state.hop = answered.hop;
        state.token = answered.ok.token;
      } else if ((bytes[0] as number) >= 0x80) {
        if (state.hop?.verify(bytes, now) !== undefined) received.push(bytes);
      }
    });
    prober.probe();
    await lab.clock.advance(100);
    opening.tick(lab.clock.monotonic());
    await lab.clock.advance(100);
    const { hop, token } = state;
    if (hop === undefined || token === undefined) throw new Error('not opened');
    let number = 0;
    const say = async (): Promise<void> => {
      const bytes = new Uint8Array(60).fill(9);
      bytes[0] = 0x80;
      number++;
      bytes.set([number, 0, 0, 0], 5);
      hop.send(bytes, number);
      await lab.clock.advance(50);
    };
    return { hop, token, received, say };
  };

  it('are joined when each has named the token of the other, and not before', async () => {
    const alice = await peer('6.0.0.1:4000', 'str:alice');
    const bob = await peer('6.0.0.2:4000', 'str:bob');
    alice.hop.sendControl({ type: 'link', token: bob.token });
    await lab.clock.advance(50);
    await alice.say();
    expect(bob.received.length).equal(0);
    bob.hop.sendControl({ type: 'link', token: alice.token });
    await lab.clock.advance(50);
    await alice.say();
    await bob.say();
    expect([alice.received.length, bob.received.length]).deep.equal([1, 1]);
  });

  it('are not joined by a forged token, nor by one that is over', async () => {
    const alice = await peer('6.0.0.1:4000', 'str:alice');
    const bob = await peer('6.0.0.2:4000', 'str:bob');
    bob.hop.sendControl({ type: 'link', token: alice.token });
    const forged = bob.token.slice();
    forged[4] = (forged[4] as number) ^ 64;
    alice.hop.sendControl({ type: 'link', token: forged });
    await lab.clock.advance(50);
    await alice.say();
    for (let i = 0; i < 5; i++) {
      await lab.clock.advance(25_000);
      await alice.say();
      await bob.say();
    }
    alice.hop.sendControl({ type: 'link', token: bob.token });
    await lab.clock.advance(50);
    await alice.say();
    expect(bob.received.length).equal(0);
  });
});
