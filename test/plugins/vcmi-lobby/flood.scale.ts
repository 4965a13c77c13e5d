import { floodLobby } from './lobby-flood.js';

describe('vcmi-lobby: flood', () => {
  it('of 2,000 bad connections keeps no line of two good clients back and leaves nothing behind', async () => {
    await floodLobby(5);
  }).timeout(120_000);
});
