import { expect } from 'chai';
import { isOutdated } from '../../../server-browser/master/version-requirement.js';

describe('version requirement', () => {
  for (const [version, required, outdated] of [
    ['1.0.0.70', '1.0.0.70', false],
    ['1.0.0.69', '1.0.0.70', true],
    ['1.0.0.9', '1.0.0.70', true],
    ['1.0.1', '1.0.0.70', false],
    ['1', '1.0.0', false],
    ['1', '1.0.1', true],
    ['1.1.2.7/Stdio', '1.1.2.7', false],
    ['1.1.2.6/Stdio', '1.1.2.7', true],
    ['', '1', true],
    ['beta', 'beta', false],
    ['beta', 'gamma', true],
  ] as const) {
    it(`${JSON.stringify(version)} is ${outdated ? '' : 'not '}below ${required}`, () => {
      expect(isOutdated(version, required)).to.equal(outdated);
    });
  }
});
