import {
  decodeAnswer,
  decodePlayers,
  decodeRules,
  durationOffsets,
  encodePlayers,
  encodeRules,
  type Player,
  writeDuration,
} from 'beaconry/a2s-query';
import { hex } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { byte, cText, survivesRandomBytes, survivesTruncation } from './codec-properties.js';
import { vector } from './vectors.js';

const alice: Player = { index: 0, name: 'alice', score: 5, duration: 12.5 };
const bob: Player = { index: 0, name: 'Боб', score: -3, duration: 3600.25 };

describe('PLAYER codec', () => {
  it('reads and writes the vector player_reply', () => {
    expect(decodePlayers(vector('player_reply'))).to.deep.equal({
      announced: 2,
      players: [alice, bob],
    });
    expect(encodePlayers([alice, bob])).to.deep.equal(vector('player_reply'));
  });

  it('reads and writes the vector player_empty', () => {
    expect(decodePlayers(vector('player_empty')).players).to.deep.equal([]);
    expect(encodePlayers([])).to.deep.equal(vector('player_empty'));
  });

  it('lists 300 players behind a count of 255, as many as it can say', () => {
    const many = Array.from({ length: 300 }, (_, i) => ({ ...alice, name: `player ${i}` }));
    const { announced, players } = decodePlayers(encodePlayers(many));
    expect([announced, players.length]).to.deep.equal([255, 300]);
  });

  it('lists as many players as fit into the given bytes', () => {
    const message = encodePlayers([alice, bob, alice], 40);
    expect(message.length).to.be.at.most(40);
    expect(decodePlayers(message)).to.deep.equal({ announced: 2, players: [alice, bob] });
  });

  it('reads a list that is shorter than its count', () => {
    const bytes = Uint8Array.from(vector('player_reply'));
    bytes[5] = 9;
    expect(decodePlayers(bytes)).to.deep.equal({ announced: 9, players: [alice, bob] });
  });

  it('leaves out a last record that is cut off', () => {
    expect(decodePlayers(vector('player_reply').slice(0, -1)).players).to.deep.equal([alice]);
  });

  it('passes over bytes behind the list', () => {
    const bytes = Uint8Array.of(...vector('player_reply'), 1, 2, 3);
    expect(decodePlayers(bytes).players).to.deep.equal([alice, bob]);
  });

  it('reads on behind a count of 255, which may stand for more', () => {
    const record = encodePlayers([alice]).slice(6);
    const full = encodePlayers(Array.from({ length: 255 }, () => alice));
    expect(decodePlayers(Uint8Array.of(...full, ...record)).players).to.have.length(256);
  });

  it('reads the extras of The Ship behind the whole list', () => {
    const theShip = [
      { ...alice, theShip: { deaths: 2, money: 5000 } },
      { ...bob, theShip: { deaths: 0, money: -1 } },
    ];
    const bytes = encodePlayers(theShip);
    expect(bytes).to.deep.equal(hex`${vector('player_reply')} 02000000 88130000 00000000 ffffffff`);
    expect(decodePlayers(bytes, true).players).to.deep.equal(theShip);
    expect(decodePlayers(bytes).players).to.deep.equal([alice, bob]);
  });

  it('moves the time of each player on in place', () => {
    const message = encodePlayers([alice, bob]);
    durationOffsets(message).forEach((offset, i) => {
      writeDuration(message, offset, 100 + i);
    });
    const durations = decodePlayers(message).players.map(({ duration }) => duration);
    expect(durations).to.deep.equal([100, 101]);
  });

  it('keeps everything on the way there and back', () => {
    const player = fc.record({
      index: byte,
      name: cText(),
      score: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      duration: fc.float({ noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(player, { maxLength: 20 }), (players) => {
        expect(decodePlayers(encodePlayers(players)).players).to.deep.equal(players);
      }),
    );
  });

  it('survives truncation at every length and random bytes', () => {
    survivesTruncation(vector('player_reply'), decodePlayers);
    survivesRandomBytes(hex`ffffffff 44 ff`, decodePlayers);
    survivesRandomBytes(hex`ffffffff 44 02`, (bytes) => decodePlayers(bytes, true));
  });
});

describe('RULES codec', () => {
  const rules: [string, string][] = [
    ['mp_friendlyfire', '0'],
    ['sv_gravity', '800'],
    ['empty', ''],
  ];
  const textOf = (bytes: Uint8Array) =>
    decodeRules(bytes).rules.map(({ name, value }) => [name, value]);

  it('keeps the bytes of rules that came in memory that is read into again', () => {
    const memory = Buffer.from(vector('rules_reply'));
    const answer = decodeRules(memory);
    memory.fill(0xee);
    expect(answer).to.deep.equal(decodeRules(vector('rules_reply')));
  });

  it('reads and writes the vector rules_reply', () => {
    expect(textOf(vector('rules_reply'))).to.deep.equal(rules);
    expect(encodeRules(rules)).to.deep.equal(vector('rules_reply'));
  });

  it('reads and writes the plain form of the compressed vector', () => {
    const pairs = decodeRules(vector('rules_bz2_plain')).rules.map(
      ({ nameBytes, valueBytes }) => [nameBytes, valueBytes] as const,
    );
    expect(pairs).to.have.length(12);
    expect(encodeRules(pairs)).to.deep.equal(vector('rules_bz2_plain'));
  });

  it('keeps the bytes of values that are no text', () => {
    const binary = Uint8Array.of(1, 2, 0xff, 0xfe, 3);
    const [rule] = decodeRules(encodeRules([['mods', binary]])).rules;
    expect(rule?.valueBytes).to.deep.equal(binary);
    expect(rule?.value).to.equal('\u0001\u0002\ufffd\ufffd\u0003');
  });

  it('reads an answer that was cut, to its last whole rule', () => {
    const cut = decodeRules(vector('rules_reply').slice(0, -3));
    expect(cut.announced).to.equal(3);
    expect(cut.rules).to.have.length(2);
  });

  it('passes over bytes behind the last rule', () => {
    expect(textOf(hex`${vector('rules_reply')} "junk" 00 "more" 00`)).to.deep.equal(rules);
  });

  it('writes the rules that fit into the given bytes, whatever stands between them', () => {
    const [first, second, third] = rules as [[string, string], [string, string], [string, string]];
    const message = encodeRules([first, ['long', 'x'.repeat(100)], second, third], 45);
    expect(message.length).to.be.at.most(45);
    expect(textOf(message)).to.deep.equal([first, second]);
  });

  it('leaves zero bytes out, which would shift all rules behind', () => {
    expect(
      textOf(
        encodeRules([
          ['a\0b', Uint8Array.of(99, 0, 100)],
          ['c', 'd'],
        ]),
      ),
    ).to.deep.equal([
      ['ab', 'cd'],
      ['c', 'd'],
    ]);
  });

  it('keeps everything on the way there and back', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(cText(), cText()), { maxLength: 30 }), (pairs) => {
        expect(textOf(encodeRules(pairs))).to.deep.equal(pairs);
      }),
    );
  });

  it('survives truncation at every length and random bytes', () => {
    survivesTruncation(vector('rules_reply'), decodeRules);
    survivesRandomBytes(hex`ffffffff 45 ffff`, decodeRules);
  });
});

describe('any answer', () => {
  it('is told apart by its type', () => {
    expect(decodeAnswer(vector('chal_reply'))).to.deep.equal({
      kind: 'challenge',
      challenge: 0x3a2f1e0d,
    });
    expect(decodeAnswer(vector('ping_reply_goldsrc')).kind).to.equal('pong');
    expect(decodeAnswer(vector('ping_reply_source')).kind).to.equal('pong');
    expect(decodeAnswer(vector('info_m')).kind).to.equal('info');
    expect(decodeAnswer(vector('player_reply')).kind).to.equal('players');
    expect(decodeAnswer(vector('rules_reply')).kind).to.equal('rules');
  });

  it('survives random bytes', () => survivesRandomBytes(hex`ffffffff`, decodeAnswer));
});
