import { floodJsonLobby } from './lobby-flood.js';

describe('vcmi-lobby-json: flood', () => {
  it('of 2,000 bad connections keeps no line of two good accounts back and leaves nothing behind', async () => {
    await floodJsonLobby(5);
  }).timeout(120_000);
});
