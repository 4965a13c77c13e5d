import { ChallengeIssuer, PeerAddress } from 'beaconry';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';

const peer = PeerAddress.of('192.0.2.1', 27005);

describe('ChallengeIssuer', () => {
  it('accepts its challenge from the same address and port only', () => {
    const issuer = new ChallengeIssuer(new FakeClock(), 60_000);
    const challenge = issuer.issue(peer);
    expect(issuer.accepts(peer, challenge)).equal(true);
    expect(issuer.accepts(PeerAddress.of('192.0.2.1', 27006), challenge)).equal(false);
    expect(issuer.accepts(PeerAddress.of('192.0.2.2', 27005), challenge)).equal(false);
  });

  it('accepts a challenge for at least one window and at most two', async () => {
    const clock = new FakeClock();
    const issuer = new ChallengeIssuer(clock, 60_000);
    const challenge = issuer.issue(peer);
    await clock.advance(60_000);
    expect(issuer.accepts(peer, challenge)).equal(true);
    await clock.advance(60_000);
    expect(issuer.accepts(peer, challenge)).equal(false);
  });

  it('never issues 0 or a negative number', () => {
    const issuer = new ChallengeIssuer(new FakeClock(), 60_000);
    for (let port = 1; port < 2000; port++) {
      expect(issuer.issue(PeerAddress.of('192.0.2.1', port))).within(1, 0x7fffffff);
    }
  });

  it('is accepted by another node that shares the secret', () => {
    const clock = new FakeClock();
    const secret = new Uint8Array(16).fill(7);
    const challenge = new ChallengeIssuer(clock, 60_000, secret).issue(peer);
    expect(new ChallengeIssuer(clock, 60_000, secret).accepts(peer, challenge)).equal(true);
  });
});
