import { expect } from 'chai';
import { isWellFormedName, NamePolicy } from '../../../plugins/vcmi-lobby/name-policy.js';

const HOME = '192.0.2.1';
const AWAY = '192.0.2.2';

describe('vcmi-lobby: names', () => {
  const policy = (...present: string[]): NamePolicy => {
    const names = new NamePolicy({ holdMs: 60_000, reserved: ['System', 'all'], maxHeld: 3 });
    for (const name of present) names.take(name);
    return names;
  };

  it('are the same after NFKC and case folding', () => {
    const names = policy('alice', 'Straße', 'ΟΔΟΣ');
    for (const name of ['alice', 'ALICE', 'ａｌｉｃｅ', 'strasse', 'STRASSE', 'οδος']) {
      expect(names.refusal(name, AWAY, 0), name).to.equal('taken');
    }
    expect(names.refusal('alicia', AWAY, 0)).to.equal(undefined);
  });

  it('that look like a present one in letters of another script are refused', () => {
    const names = policy('alice', 'Boris', 'мир');
    for (const name of ['аlice', 'аlісе', 'ALΙCE', 'ВΟRIS']) {
      expect(names.refusal(name, AWAY, 0), name).to.equal('look-alike');
    }
    expect(names.refusal('Борис', AWAY, 0), 'another name').to.equal(undefined);
    expect(policy().refusal('аlice', AWAY, 0), 'nobody is present').to.equal(undefined);
  });

  it('of the system cannot be had, nor anything that looks like one', () => {
    for (const name of ['System', 'SYSTEM', 'all', 'ЅуѕТЕМ', 'аll']) {
      expect(policy().refusal(name, HOME, 0), name).to.equal('reserved');
    }
  });

  it('are held for the address that had them for the stated time', () => {
    const names = policy('alice');
    names.release('alice', HOME, 1000);
    expect(names.refusal('Alice', AWAY, 60_999)).to.equal('held');
    expect(names.refusal('Alice', HOME, 60_999)).to.equal(undefined);
    expect(names.refusal('Alice', AWAY, 61_000)).to.equal(undefined);
  });

  it('are held for a bounded number only, the oldest makes room', () => {
    const names = policy('n01', 'n02', 'n03', 'n04');
    for (const name of ['n01', 'n02', 'n03', 'n04']) names.release(name, HOME, 0);
    expect(names.refusal('n01', AWAY, 1)).to.equal(undefined);
    expect(names.refusal('n04', AWAY, 1)).to.equal('held');
    expect(names.size).to.equal(0);
  });

  it('have 3 to 24 letters, digits or . % + - _', () => {
    for (const name of ['abc', 'Иван', 'a_b.c%d+e-f', '名前名', 'x'.repeat(24)]) {
      expect(isWellFormedName(name), name).to.equal(true);
    }
    for (const name of [
      'ab',
      'a b',
      'abc\n',
      'a:b',
      'a<b>',
      'x'.repeat(25),
      '',
      '\u202eabc',
      'alice\u3164',
    ]) {
      expect(isWellFormedName(name), JSON.stringify(name)).to.equal(false);
    }
  });
});
