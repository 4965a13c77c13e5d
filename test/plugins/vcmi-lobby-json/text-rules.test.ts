import { cleanText } from 'beaconry/plugins/vcmi-lobby';
import { expect } from 'chai';
import {
  cleanChat,
  isAccountName,
  isAtLeast,
  isUuid,
  isWhole,
} from '../../../plugins/vcmi-lobby-json/text-rules.js';

describe('vcmi-lobby-json: rules of texts', () => {
  it('compare versions by their numbers', () => {
    for (const version of ['1.7.4', '1.7.10', '1.8', 'VCMI 1.8.0 (abc)', '2.0.0']) {
      expect(isAtLeast(version, [1, 7, 4]), version).to.equal(true);
    }
    for (const version of ['1.7.3', '1.7', '1.6.9', '0.99.9', '', 'git', '1']) {
      expect(isAtLeast(version, [1, 7, 4]), version).to.equal(false);
    }
  });

  it('clean texts of what no list should show, and cut them between characters', () => {
    expect(cleanText('a\u0000b\ud800c\u0085', 10)).to.equal('abc');
    expect(cleanText('😀😀😀', 2)).to.equal('😀😀');
    expect(cleanText('x'.repeat(1_000_000), 5)).to.equal('xxxxx');
    expect(cleanChat('{red}', 10)).to.equal('red');
  });

  it('know ids, names and whole characters', () => {
    expect(isUuid('0b0f1c9e-0000-4000-8000-00000000000a')).to.equal(true);
    for (const text of [
      '',
      'x',
      '0b0f1c9e-0000-4000-8000-00000000000a/',
      '../../../../../../../../../../../../',
    ])
      expect(isUuid(text), text).to.equal(false);
    expect(['Abc1', 'a'.repeat(20)].every(isAccountName)).to.equal(true);
    expect(['abc', 'a'.repeat(21), 'ab c', 'abcé', 'abc\n', ''].some(isAccountName)).to.equal(
      false,
    );
    expect(isWhole('😀')).to.equal(true);
    expect(isWhole('\ud83d')).to.equal(false);
  });
});
