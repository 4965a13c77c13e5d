import { expect } from 'chai';
import fc from 'fast-check';
import { compileWildcard } from '../../../server-browser/master/wildcard.js';

describe('wildcard', () => {
  for (const [pattern, text, matches] of [
    ['abc', 'abc', true],
    ['abc', 'abcd', false],
    ['*', '', true],
    ['*', 'anything', true],
    ['', '', true],
    ['', 'x', false],
    ['a*', 'abc', true],
    ['*c', 'abc', true],
    ['a*c', 'ac', true],
    ['a*a', 'a', false],
    ['*b*', 'abc', true],
    ['*b*b*', 'abc', false],
    ['a**c', 'abc', true],
    ['*ab*ab', 'ab', false],
    ['*ab*ab', 'abab', true],
    ['A*', 'abc', false],
    ['a?c', 'abc', false],
    ['a.c', 'abc', false],
    ['[ab]*', 'abc', false],
  ] as const) {
    it(`${JSON.stringify(pattern)} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
      expect(compileWildcard(pattern)(text)).to.equal(matches);
    });
  }

  it('agrees with a regular expression', () => {
    const letters = (unit: string) => fc.string({ unit: fc.constantFrom(...unit), maxLength: 8 });
    fc.assert(
      fc.property(letters('ab*'), letters('ab'), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`);
        expect(compileWildcard(pattern)(text)).to.equal(expression.test(text));
      }),
      { numRuns: 1000 },
    );
  });
});
