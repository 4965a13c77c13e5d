import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { FakeIpKeeper } from '../../../plugins/datagram-relay/forward/fake-ip-keeper.js';

const grant = { address: '169.254.1.1', ports: [40_000], expiresIn: 300, token: 'word' };

describe('the FakeIP of a forwarded game', () => {
  it('is given back last, also when a word is still on its way', async () => {
    const clock = new FakeClock();
    const said: string[] = [];
    let answerGame = () => {};
    const keeper = new FakeIpKeeper({
      clock,
      ports: 1,
      hosted: { login: (appData) => appData ?? new Uint8Array() },
      coordinator: {
        fakeIp: async (login) => {
          said.push(JSON.parse(Buffer.from(login).toString()).fakeIp.ports);
          return grant as never;
        },
      },
      facts: () => new Promise((resolve) => (answerGame = () => resolve(undefined))),
      onFailure: (message) => expect.fail(message),
    });
    const started = keeper.start();
    answerGame();
    await started;
    await clock.advance(60_000);
    const stopped = keeper.stop();
    answerGame();
    await stopped;
    expect(said).deep.equal([1, 1, 0]);
  });
});
