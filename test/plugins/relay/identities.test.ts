import { expect } from 'chai';
import { TestRelay } from './test-relay.js';

const SECOND = 1000;

describe('relay ids: open', () => {
  it('knows no secrets: a client that asks for one gets the answer of the bare protocol', () => {
    const peer = new TestRelay().connect();
    peer.say({ payloadType: 'INIT', source: 'A1', secret: '' });
    expect(peer.got()).to.deep.equal([{ payloadType: 'INIT', destination: 'A1' }]);
  });
});

describe('relay ids: grace', () => {
  const relayOf = (options = {}) => new TestRelay({ chosenIds: 'grace', ...options });
  const joinWithSecret = (relay: TestRelay, id: string) => {
    const peer = relay.connect().say({ payloadType: 'INIT', source: id, secret: '' });
    const [answer] = peer.got();
    peer.id = answer?.destination as string;
    return { peer, secret: answer?.secret as string };
  };

  it('gives a secret of at least 128 random bits to whoever asks, and to nobody else', () => {
    const relay = relayOf();
    const { secret } = joinWithSecret(relay, 'A1');
    expect(Buffer.from(secret, 'base64url')).to.have.length.at.least(16);
    const bare = relay.connect().say({ payloadType: 'INIT' });
    expect(Object.keys(bare.got()[0] ?? {})).to.deep.equal(['payloadType', 'destination']);
  });

  it('lets the owner replace his half-dead connection, which is told so and closed', () => {
    const relay = relayOf();
    const { peer: old, secret } = joinWithSecret(relay, 'A1');
    const again = relay.connect().say({ payloadType: 'INIT', source: 'A1', secret });
    expect(again.got()).to.deep.equal([{ payloadType: 'INIT', destination: 'A1', secret }]);
    expect(old.errors()).to.deep.equal(['replaced']);
    expect(old.closed).to.equal(true);
    relay.join('B2').message('A1', 'hi');
    expect(again.got()).to.have.length(1);
  });

  it('refuses a held id without the secret and with a wrong one', () => {
    const relay = relayOf();
    const { peer } = joinWithSecret(relay, 'A1');
    for (const secret of [undefined, '', 'wrong', 'x'.repeat(5000)]) {
      const thief = relay.connect().say({ payloadType: 'INIT', source: 'A1', secret });
      expect(thief.errors()).to.deep.equal(['ClientId: A1 is already initialized']);
    }
    expect(peer.closed).to.equal(false);
  });

  it('keeps an id with a secret for its owner for 60 s after its connection ended', async () => {
    const relay = relayOf();
    const { peer, secret } = joinWithSecret(relay, 'A1');
    peer.connection.drop();
    await relay.clock.advance(59 * SECOND);
    const thief = relay.connect().say({ payloadType: 'INIT', source: 'A1' });
    expect(thief.errors()).to.deep.equal(['ClientId: A1 is already initialized']);
    const owner = relay.connect().say({ payloadType: 'INIT', source: 'A1', secret });
    expect(owner.got()[0]?.destination).to.equal('A1');
    owner.connection.drop();
    await relay.clock.advance(61 * SECOND);
    expect(relay.join('A1').id).to.equal('A1');
  });

  it('answers messages to a kept id with an ERROR', () => {
    const relay = relayOf();
    joinWithSecret(relay, 'A1').peer.connection.drop();
    const peer = relay.join('B2').message('A1', 'x');
    expect(peer.errors()).to.deep.equal(['unknown destination: A1']);
  });

  it('frees an id without a secret at once', () => {
    const relay = relayOf();
    relay.join('A1').connection.drop();
    expect(relay.join('A1').id).to.equal('A1');
  });

  it('gives a new secret for a free id to an owner whose old one was forgotten', () => {
    const peer = relayOf().connect();
    peer.say({ payloadType: 'INIT', source: 'A1', secret: 'from before the restart' });
    const [answer] = peer.got();
    expect(answer?.destination).to.equal('A1');
    expect(answer?.secret).to.be.a('string').and.not.equal('from before the restart');
  });

  it('keeps a bounded number of ids', () => {
    const relay = relayOf({ keptIds: 2 });
    for (const id of ['A1', 'B2', 'C3']) joinWithSecret(relay, id).peer.connection.drop();
    expect(relay.join('A1').id).to.equal('A1');
    const peer = relay.connect().say({ payloadType: 'INIT', source: 'B2' });
    expect(peer.errors()).to.have.length(1);
  });
});

describe('relay ids: secret', () => {
  const relay = () =>
    new TestRelay({ chosenIds: 'secret', reservedIds: new Map([['lobby', 'its key']]) });

  it('gives new ids to everybody and refuses chosen ones', () => {
    const node = relay();
    expect(node.join().id).to.match(/^[\w-]{16}$/);
    const peer = node.connect().say({ payloadType: 'INIT', source: 'A1', secret: 'x' });
    expect(peer.errors()).to.deep.equal(['ClientId: A1 needs its secret']);
    expect(peer.closed).to.equal(false);
  });

  it('lets an owner come back with his secret, whether he is gone or hangs', () => {
    const node = relay();
    const first = node.connect().say({ payloadType: 'INIT', secret: '' });
    const { destination: id, secret } = first.got()[0] ?? {};
    for (const drop of [false, true]) {
      if (drop) node.peers.at(-1)?.connection.drop();
      const again = node.connect().say({ payloadType: 'INIT', source: id, secret });
      expect(again.got()[0]?.destination).to.equal(id);
    }
  });
});

describe('relay ids: reserved', () => {
  for (const chosenIds of ['open', 'grace', 'secret'] as const) {
    it(`are granted with their key alone under ${chosenIds}`, () => {
      const relay = new TestRelay({ chosenIds, reservedIds: new Map([['lobby', 'its key']]) });
      for (const secret of [undefined, '', 'wrong']) {
        const thief = relay.connect().say({ payloadType: 'INIT', source: 'lobby', secret });
        expect(thief.errors()).to.deep.equal(['ClientId: lobby needs its secret']);
      }
      const secret = 'its key';
      const owner = relay.connect().say({ payloadType: 'INIT', source: 'lobby', secret });
      expect(owner.got()).to.deep.equal([{ payloadType: 'INIT', destination: 'lobby' }]);
      const again = relay.connect().say({ payloadType: 'INIT', source: 'lobby', secret });
      expect(again.got()).to.have.length(1);
      expect(owner.errors()).to.deep.equal(['replaced']);
    });
  }
});

describe('relay bootstrap peer', () => {
  const relayOf = () => new TestRelay({ bootstrap: true });
  const list = (payload: unknown) => (JSON.parse(payload as string) as string[]).sort();

  it('tells the ids of the group of whoever asks', () => {
    const relay = relayOf();
    const peer = relay.join('A1');
    relay.join('B"2');
    relay.join('C3', { group: 'other' });
    const [answer] = peer.message('bootstrap', '').got();
    expect(answer).to.include({ payloadType: 'MESSAGE', source: 'bootstrap', destination: 'A1' });
    expect(list(answer?.payload)).to.deep.equal(['A1', 'B"2']);
  });

  it('lets a bare client join a group by naming it in the payload', () => {
    const relay = relayOf();
    const one = relay.join('A1').message('bootstrap', 'rally "7"');
    expect(list(one.got()[0]?.payload)).to.deep.equal(['A1']);
    const two = relay.join('B2', { group: 'rally "7"' });
    expect(list(two.message('bootstrap', '').got()[0]?.payload)).to.deep.equal(['A1', 'B2']);
    expect(list(relay.join('C3').message('bootstrap', '').got()[0]?.payload)).to.deep.equal(['C3']);
  });

  it('forgets who has left', () => {
    const relay = relayOf();
    const peer = relay.join('A1');
    relay.join('B2').connection.drop();
    expect(list(peer.message('bootstrap', '').got()[0]?.payload)).to.deep.equal(['A1']);
  });

  it('holds its id, and refuses group names over 128 bytes', () => {
    const relay = relayOf();
    const thief = relay.connect().say({ payloadType: 'INIT', source: 'bootstrap' });
    expect(thief.errors()).to.deep.equal(['ClientId: bootstrap is already initialized']);
    const peer = relay.join('A1').message('bootstrap', 'x'.repeat(129));
    expect(peer.errors()).to.deep.equal(['group: at most 128 bytes of text']);
  });

  it('answers a bounded number of questions a second, which each may cost a long list', async () => {
    const relay = new TestRelay({ bootstrap: true });
    const peer = relay.join('A1', { group: 'g' });
    for (let i = 0; i < 200; i++) peer.message('bootstrap', i % 2 === 0 ? 'g' : 'h');
    const got = peer.got();
    expect(got.filter(({ source }) => source === 'bootstrap')).to.have.length(50);
    expect(got.at(-1)?.payload).to.equal('rate limit: too many questions to bootstrap');
    await relay.clock.advance(1000);
    peer.message('bootstrap', 'g');
    expect(peer.got()[0]?.source).to.equal('bootstrap');
  });

  it('is nobody unless the operator runs it', () => {
    const peer = new TestRelay().join('A1').message('bootstrap', '');
    expect(peer.errors()).to.deep.equal(['unknown destination: bootstrap']);
  });
});
