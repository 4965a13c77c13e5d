import { expect } from 'chai';
import { prepare } from '../../core/prepare.js';

describe('prepare', () => {
  it('takes no plugin for a name that every object has', async () => {
    const text = 'plugins:\n  constructor: {}\n';
    const error = await prepare({ text }).then(
      () => undefined,
      (thrown: Error) => thrown,
    );
    expect(error?.message).match(/plugins\.constructor: plugin "constructor" is neither bundled/);
  });
});
