import type { ServerLink } from 'beaconry/plugins/steam-backend';
import { EResult } from 'beaconry/steam';
import { checkPluginContract, FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import social from '../../../plugins/social/index.js';
import { SocialRequests } from '../../../plugins/social/social-requests.js';

const server = 0x0430000000000001n;
const never = () => new Promise<never>(() => {});

function requestsTo(link: Partial<ServerLink>) {
  const clock = new FakeClock();
  const said: unknown[] = [];
  const requests = new SocialRequests(clock, 1000, {
    groupStatus: (answer) => said.push(answer),
    clan: (answer) => said.push(answer),
    compatibility: (answer) => said.push(answer.result),
  });
  requests.attach({ steamId: server, ...link } as ServerLink);
  return { clock, said, requests };
}

describe('social', () => {
  it('is a good plugin', () => checkPluginContract(social));

  it('answers within 1 s what the backend leaves unanswered', async () => {
    const { clock, said, requests } = requestsTo({
      ...{ groupStatus: never, associateClan: never, compatibility: never },
    });
    requests.requestGroupStatus(5n, 7n);
    requests.associateWithClan(7n);
    requests.computeCompatibility(5n);
    await clock.advance(999);
    expect(said).to.eql([]);
    await clock.advance(1);
    const group = 0x0470000000000007n;
    expect(said).to.eql([
      { steamId: 5n, group, member: false, officer: false },
      { result: EResult.Timeout },
      EResult.Timeout,
    ]);
  });

  it('asks the backend once for identical questions in flight', async () => {
    let asked = 0;
    const { clock, said, requests } = requestsTo({
      groupStatus: async () => {
        asked++;
        return { member: true, officer: false };
      },
    });
    requests.requestGroupStatus(5n, 7n);
    requests.requestGroupStatus(5n, 0x0470000000000007n);
    await clock.advance(0);
    expect([asked, said.length]).to.eql([1, 2]);
    expect(clock.pending).to.equal(0);
  });

  it('says no when not connected', async () => {
    const { requests } = requestsTo({});
    requests.detach();
    expect(requests.requestGroupStatus(5n, 7n)).to.equal(false);
    expect((await requests.reputation()).result).to.equal(EResult.NotLoggedOn);
  });
});
