import { decodeTicket, EResult, ETicketKind, TicketIssuer, ticketIdentity } from 'beaconry/steam';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';

const steamId = 76561201960265739n;

function issuerWith(tokens: bigint[], register: () => Promise<never[]> = async () => []) {
  const clock = new FakeClock();
  const ready: [number, EResult][] = [];
  const cancelled: bigint[] = [];
  const issuer = new TicketIssuer(clock, (handle, result) => ready.push([handle, result]));
  const link = {
    ...{ steamId, connectTokens: tokens },
    ownership: async () => ({ result: EResult.OK, bytes: new Uint8Array(46 + 128) }),
    registerTicket: async () => ({ result: EResult.OK, connectTokens: await register() }),
    cancelTicket: async (token: bigint) => void cancelled.push(token),
  };
  return { clock, ready, cancelled, issuer, link };
}

describe('TicketIssuer', () => {
  it('gives no ticket before a logon', async () => {
    const { issuer } = issuerWith([1n]);
    expect(await issuer.prepare(480)).to.equal(EResult.NotLoggedOn);
    expect(issuer.issue(480, ETicketKind.AuthSession)).to.equal(undefined);
  });

  it('gives no ticket when the pool of connect tokens is empty', async () => {
    const { issuer, link } = issuerWith([7n]);
    issuer.attach(link, false);
    await issuer.prepare(480);
    expect(issuer.issue(480, ETicketKind.AuthSession)?.handle).to.equal(1);
    expect(issuer.issue(480, ETicketKind.AuthSession)).to.equal(undefined);
  });

  it('calls ready once, with a new handle, token and count for each ticket', async () => {
    const { issuer, link, clock, ready } = issuerWith([7n, 8n]);
    issuer.attach(link, false);
    await issuer.prepare(480);
    const authPart = (bytes: Uint8Array = new Uint8Array()) =>
      new DataView(bytes.buffer, bytes.byteOffset);
    const one = authPart(issuer.issue(480, ETicketKind.AuthSession)?.bytes);
    const two = authPart(issuer.issue(480, ETicketKind.AuthSession)?.bytes);
    expect([one.getBigUint64(4, true), two.getBigUint64(4, true)]).to.eql([7n, 8n]);
    expect([one.getUint32(48, true), two.getUint32(48, true)]).to.eql([1, 2]);
    expect(ready).to.eql([]);
    await clock.advance(0);
    expect(ready).to.eql([
      [1, EResult.OK],
      [2, EResult.OK],
    ]);
  });

  it('fails after 20 s when the backend does not answer', async () => {
    const { issuer, link, clock, ready } = issuerWith([7n], () => new Promise(() => {}));
    issuer.attach(link, false);
    await issuer.prepare(480);
    issuer.issue(480, ETicketKind.AuthSession);
    await clock.advance(19_999);
    expect(ready).to.eql([]);
    await clock.advance(1);
    expect(ready).to.eql([[1, EResult.Timeout]]);
  });

  it('cancels a ticket by its token, and unknown handles not at all', async () => {
    const { issuer, link, cancelled } = issuerWith([7n]);
    issuer.attach(link, false);
    await issuer.prepare(480);
    issuer.issue(480, ETicketKind.AuthSession);
    expect([issuer.cancel(0), issuer.cancel(99), issuer.cancel(1), issuer.cancel(1)]).to.eql([
      false,
      false,
      true,
      false,
    ]);
    expect(cancelled).to.eql([7n]);
  });

  it('writes the kind that was asked for', async () => {
    const { issuer, link } = issuerWith([7n]);
    const owned = new Uint8Array(46 + 128);
    new DataView(owned.buffer).setUint32(0, 46, true);
    issuer.attach(
      { ...link, ownership: async () => ({ result: EResult.OK, bytes: owned }) },
      false,
    );
    await issuer.prepare(480);
    const ticket = issuer.issue(480, ETicketKind.WebApi, 'service');
    expect(decodeTicket(ticket?.bytes ?? new Uint8Array()).session?.kind).to.equal(5);
  });

  it('names identities: address, SteamID, service, anybody', () => {
    expect(ticketIdentity('10.1.2.4')).to.equal('10.1.2.4');
    expect(ticketIdentity('[U:1:4000000011]')).to.equal('steamid:76561201960265739');
    expect(ticketIdentity(steamId)).to.equal('steamid:76561201960265739');
    expect(ticketIdentity('my-service')).to.equal('my-service');
    expect([ticketIdentity(''), ticketIdentity(undefined)]).to.eql([null, null]);
  });
});
