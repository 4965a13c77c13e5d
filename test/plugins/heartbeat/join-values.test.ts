import { expect } from 'chai';
import fc from 'fast-check';
import { joinValues, withChallenge } from '../../../plugins/heartbeat/join-values.js';
import {
  decodeGameServerMessage,
  encodeGameServerMessage,
} from '../../../server-browser/master/heartbeat-codec.js';
import { player, snapshotOf } from './fake-game.js';

const joinOf = (...parameters: Parameters<typeof joinValues>): Uint8Array =>
  encodeGameServerMessage({
    kind: 'join',
    values: withChallenge(joinValues(...parameters), 123456789),
  });

describe('join values', () => {
  it('says what the game server is, in the usual order', () => {
    const text = new TextDecoder().decode(joinOf(snapshotOf(), [player('one'), player('two')]));
    expect(text).to.equal(
      '0\n\\protocol\\7\\challenge\\123456789\\players\\2\\max\\16\\bots\\0\\gamedir\\cstrike\\map\\de_dust2' +
        '\\password\\0\\os\\l\\lan\\0\\region\\255\\type\\d\\secure\\1\\version\\1.0.0.70\\product\\css' +
        '\\appid\\240\\hostname\\A server\n',
    );
  });

  it('names tags, hidden tags and ports where there are some', () => {
    const values = joinValues(
      snapshotOf({ tags: 'a,b', gameData: 'x,y', gamePort: 27016, spectatorPort: 27020 }),
      [],
    );
    expect(Object.fromEntries(values)).to.include({
      gametype: 'a,b',
      gamedata: 'x,y',
      gameport: '27016',
      specport: '27020',
    });
  });

  it('keeps the protocol of GoldSrc and Xash3D', () => {
    expect(joinValues(snapshotOf({ protocol: 48 }), []).get('protocol')).to.equal('48');
  });

  it('lets no text break out of its value', () => {
    const values = joinValues(snapshotOf({ name: 'a\\players\\99\n\0b' }), []);
    expect(values.get('hostname')).to.equal('a/players/99b');
  });

  it('cuts hidden tags at a comma when they do not fit', () => {
    const tags = Array.from({ length: 400 }, (_, i) => `tag${i}`);
    const gameData = joinValues(snapshotOf({ gameData: tags.join() }), []).get('gamedata') ?? '';
    expect(gameData.length).to.be.within(900, 1300);
    expect(tags.slice(0, gameData.split(',').length).join()).to.equal(gameData);
  });

  it('always fits into one packet that a master can read', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 600 });
    const fields = fc.record({
      name: text,
      map: text,
      modDir: text,
      product: text,
      version: text,
      tags: text,
      gameData: text,
    });
    fc.assert(
      fc.property(fields, (texts) => {
        const bytes = joinOf(snapshotOf(texts), []);
        expect(bytes.length).to.be.at.most(1400);
        expect(decodeGameServerMessage(bytes).kind).to.equal('join');
      }),
    );
  });
});
