import { expect } from 'chai';
import { floodJsonLobby } from './lobby-flood.js';

describe('vcmi-lobby-json: flood, in full', () => {
  it('delays 99 of 100 lines by less than 100 ms beyond what the machine itself takes', async () => {
    const { p99, bareP99 } = await floodJsonLobby(15);
    expect(p99 - bareP99).to.be.below(100);
  }).timeout(90_000);
});
