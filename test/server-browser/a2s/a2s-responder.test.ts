import {
  decodeChallenge,
  decodeInfo,
  decodeObsoleteInfo,
  decodePlayers,
  decodeRules,
  encodeChallengeRequest,
  encodePingRequest,
  encodePong,
  encodeQuery,
  type QueryKind,
} from 'beaconry/a2s-query';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import { vector } from '../a2s-query/vectors.js';
import { LIFETIME, ResponderRig } from './responder-rig.js';

const kinds: readonly QueryKind[] = ['info', 'players', 'rules'];

describe('A2sResponder', () => {
  let rig: ResponderRig;
  beforeEach(async () => {
    rig = await new ResponderRig({ name: 'Test server', gamePort: 27015 }).bind();
  });

  describe('challenges', () => {
    for (const kind of kinds) {
      it(`answers ${kind} with 9 bytes of challenge when none was sent`, () => {
        const [answer, ...more] = rig.ask(encodeQuery(kind, null));
        expect(answer).to.have.length(9);
        expect(decodeChallenge(answer as Uint8Array)).to.be.within(1, 0x7fffffff);
        expect(more).to.deep.equal([]);
      });

      it(`answers ${kind} with a challenge to 0, -1, a foreign and a stale one`, async () => {
        const stale = rig.challenge();
        await rig.clock.advance(2 * LIFETIME);
        const foreign = rig.challenge('198.51.100.7:40000');
        for (const challenge of [0, 0xffffffff, foreign, stale]) {
          const [answer] = rig.ask(encodeQuery(kind, challenge));
          expect(answer?.[4]).to.equal(0x41);
        }
      });

      it(`accepts for ${kind} a challenge that was given for INFO`, () => {
        const challenge = rig.challenge();
        const [answer] = rig.ask(encodeQuery(kind, challenge));
        expect(answer?.[4]).to.be.oneOf([0x49, 0x44, 0x45]);
      });
    }

    it('answers a challenge that is too short with a fresh one', () => {
      expect(rig.ask(hex`ffffffff 55 01 02`)[0]).to.have.length(9);
      expect(rig.ask(hex`${vector('info_req')} 01 02 03`)[0]).to.have.length(9);
    });

    it('binds a challenge to the address and the port', () => {
      const challenge = rig.challenge('192.0.2.1:1000');
      const [answer] = rig.ask(encodeQuery('info', challenge), '192.0.2.1:1001');
      expect(answer?.[4]).to.equal(0x41);
    });

    it('keeps a challenge valid past the change of its window', async () => {
      const challenge = rig.challenge();
      await rig.clock.advance(LIFETIME);
      expect(rig.ask(encodeQuery('rules', challenge))[0]?.[4]).to.equal(0x45);
    });

    it('gives a challenge with -1 to a client that proved itself a moment ago', () => {
      rig.packets('players');
      expect(rig.ask(encodeQuery('players', null))[0]?.[4]).to.equal(0x41);
    });

    it('answers the deprecated question for a challenge in 9 bytes', () => {
      const [answer] = rig.ask(encodeChallengeRequest());
      const challenge = decodeChallenge(answer as Uint8Array);
      expect(rig.ask(encodeQuery('rules', challenge))[0]?.[4]).to.equal(0x45);
    });

    it('answers a ping in 6 bytes', () => {
      expect(rig.ask(encodePingRequest())).to.deep.equal([encodePong()]);
    });

    it('never answers an unproven sender with more than max(9, question) bytes', () => {
      rig.join('alice');
      for (const kind of kinds) rig.ask(encodeQuery(kind, null));
      rig.ask(encodePingRequest());
      rig.ask(encodeChallengeRequest());
      expect(rig.listener.counters.violations).to.equal(0);
    });
  });

  describe('silence', () => {
    for (const [what, bytes] of [
      ['answers of A2S', vector('info_noedf')],
      ['a challenge answer', vector('chal_reply')],
      ['a player answer', vector('player_reply')],
      ['a rules answer', vector('rules_reply')],
      ['fragments', vector('rules_split_source_0')],
      ['INFO with another text', hex`ffffffff 54 "source engine query" 00`],
      ['INFO without its zero', vector('info_req').slice(0, -1)],
      ['less than five bytes', hex`ffffffff`],
      ['the plain words of GoldSrc', hex`ffffffff "details" 00`],
      ['a list request', vector('list_all', 'master')],
      ['nothing', new Uint8Array()],
    ] as const) {
      it(`meets ${what} with silence`, () => {
        expect(rig.ask(bytes)).to.deep.equal([]);
      });
    }
  });

  describe('INFO', () => {
    it('says what the state of the game server says', async () => {
      rig = await new ResponderRig({
        appId: 252490,
        gameId: 252490n,
        name: 'Big one',
        map: 'procedural',
        modDir: 'rust',
        description: 'Rust',
        version: '2592',
        maxPlayers: 300,
        bots: 2,
        password: true,
        secure: true,
        os: 'w',
        serverType: 'l',
        gamePort: 28015,
        steamId: 90071992547409921n,
        spectatorPort: 27020,
        spectatorName: 'TV',
        tags: 'mp300,cp2',
      }).bind();
      rig.join('alice', 'bob');
      expect(decodeInfo(rig.answer('info'))).to.deep.equal({
        answer: 'source',
        protocol: 17,
        name: 'Big one',
        map: 'procedural',
        folder: 'rust',
        game: 'Rust',
        appId: 252490,
        players: 2,
        maxPlayers: 255,
        bots: 2,
        serverType: 'l',
        environment: 'w',
        password: true,
        secure: true,
        version: '2592',
        extra: {
          gamePort: 28015,
          steamId: 90071992547409921n,
          spectator: { port: 27020, name: 'TV' },
          keywords: 'mp300,cp2',
          gameId: 252490n,
        },
      });
    });

    it('leaves out what is null', async () => {
      rig = await new ResponderRig({ gameId: null, gamePort: null, tags: null }).bind();
      expect(decodeInfo(rig.answer('info')).extra).to.deep.equal({});
    });

    it('follows a change of the state', () => {
      rig.answer('info');
      rig.state.update({ map: 'de_nuke', name: 'Renamed', gamePort: 1 });
      expect(decodeInfo(rig.answer('info')).map).to.equal('de_nuke');
    });

    it('is encoded once per change, not per question', () => {
      rig.state.update({ map: 'one' });
      const first = rig.answers.info();
      expect(rig.answers.info()).to.equal(first);
      rig.state.update({ map: 'two' });
      expect(rig.answers.info()).not.to.equal(first);
    });

    it('is given in the obsolete form when configured', async () => {
      rig = await new ResponderRig({ name: 'HL', protocol: 47 }, { answer: 'goldsrc' }).bind();
      const info = decodeObsoleteInfo(rig.answer('info'));
      expect([info.name, info.protocol, info.address]).to.deep.equal(['HL', 47, '192.0.2.9:27015']);
    });
  });

  describe('PLAYER', () => {
    it('lists names, scores and the seconds since they joined', async () => {
      rig.join('alice', 'боб');
      await rig.clock.advance(12_500);
      expect(decodePlayers(rig.answer('players')).players).to.deep.equal([
        { index: 0, name: 'alice', score: 0, duration: 12.5 },
        { index: 0, name: 'боб', score: 1, duration: 12.5 },
      ]);
    });

    it('moves times on at most once a second, in the same packets', async () => {
      rig.join('alice');
      const durationNow = () => decodePlayers(rig.answer('players')).players[0]?.duration;
      const first = rig.answers.players();
      await rig.clock.advance(999);
      expect(durationNow()).to.equal(0);
      await rig.clock.advance(1);
      expect(durationNow()).to.equal(1);
      expect(rig.answers.players()).to.equal(first);
    });

    it('moves times on in a split answer and gives it a new id', async () => {
      rig.join(...Array.from({ length: 200 }, (_, i) => `player number ${i}`));
      const before = rig.packets('players')[0]?.slice(4, 8);
      await rig.clock.advance(5000);
      const { players } = decodePlayers(rig.answer('players'));
      expect(players.map(({ duration }) => duration)).to.deep.equal(new Array(200).fill(5));
      expect(rig.packets('players')[0]?.slice(4, 8)).not.to.deep.equal(before);
    });

    it('lists 300 players behind a count of 255 and shows 255 in INFO', () => {
      rig.join(...Array.from({ length: 300 }, (_, i) => `p${i}`));
      expect(decodePlayers(rig.answer('players'))).to.have.property('announced', 255);
      expect(decodePlayers(rig.answer('players')).players).to.have.length(300);
      expect(decodeInfo(rig.answer('info')).players).to.equal(255);
    });

    it('says that nobody is there', () => {
      expect(rig.answer('players')).to.deep.equal(vector('player_empty'));
    });
  });

  describe('RULES', () => {
    const fill = (count: number) => {
      for (let i = 0; i < count; i++) rig.rules.set(`rule_number_${i}`, `value of rule ${i}`);
    };

    for (const split of ['source', 'source-nosize', 'goldsrc'] as const) {
      it(`gives 600 rules in pieces of ${split}`, async () => {
        rig = await new ResponderRig({}, { split }).bind();
        fill(600);
        const packets = rig.packets('rules');
        expect(packets.length).to.be.greaterThan(10);
        expect(Math.max(...packets.map(({ length }) => length))).to.be.at.most(1400);
        const { announced, rules } = decodeRules(rig.answer('rules'));
        expect(rules).to.have.length(announced);
        expect(announced).to.be.at.least(split === 'goldsrc' ? 500 : 600);
        expect(rules[599 % announced]?.value).to.match(/^value of rule \d+$/);
      });
    }

    it('gives of too many rules what a reader with bounds takes', () => {
      fill(4000);
      const { announced, rules } = decodeRules(rig.answer('rules'));
      expect(rules).to.have.length(announced);
      expect(announced).to.be.within(1000, 3999);
    });

    it('follows a change and keeps the order of the table', () => {
      rig.rules.set('b', '1');
      rig.rules.set('a', '2');
      rig.answer('rules');
      rig.rules.set('b', '3');
      const rules = decodeRules(rig.answer('rules')).rules.map(({ name, value }) => name + value);
      expect(rules).to.deep.equal(['b3', 'a2']);
    });

    it('says that there are none', () => {
      expect(rig.answer('rules')).to.deep.equal(hex`ffffffff 45 0000`);
    });
  });

  it('answers one proven address no faster than its limit, and others meanwhile', async () => {
    rig = await new ResponderRig({}, { perSecond: 5 }).bind();
    const answered = (from: string) =>
      Array.from({ length: 20 }, () => rig.packets('info', from)).filter(({ length }) => length > 0)
        .length;
    expect(answered('192.0.2.1:1000')).to.equal(5);
    expect(answered('192.0.2.1:2000')).to.equal(0);
    expect(answered('192.0.2.2:1000')).to.equal(5);
    await rig.clock.advance(1000);
    expect(answered('192.0.2.1:1000')).to.equal(5);
  });

  it('cannot be silenced for somebody by questions in his name without proof', async () => {
    rig = await new ResponderRig({}, { perSecond: 1 }).bind();
    for (let i = 0; i < 100; i++) rig.ask(encodeQuery('info', i), '192.0.2.1:1000');
    expect(rig.packets('info', '192.0.2.1:1000')[0]?.[4]).to.equal(0x49);
  });

  it('counts questions by kind and challenges', () => {
    for (const kind of kinds) rig.packets(kind);
    rig.ask(encodePingRequest());
    const values = Object.values(rig.counters).map(({ value }) => value);
    expect(values).to.deep.equal([1, 1, 1, 1, 3]);
  });
});
