import { EBeginAuthSessionResult, TrustedIssuers } from 'beaconry/steam';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { beginChecks } from '../../../plugins/auth-sessions/begin-checks.js';
import { SessionVerifier } from '../../../plugins/auth-sessions/session-verifier.js';
import { type TicketVector, ticketVectors, vectorBytes } from '../../core/steam/ticket-vectors.js';

const { vectors, evaluate, key } = ticketVectors;
const log = pino({ level: 'silent' });

/** A verifier that believes the key of the vectors, at their time; its backend never answers. */
function verifierFor(mode = 3): SessionVerifier {
  const clock = new FakeClock(evaluate.at * 1000);
  const options = {
    strictLicense: false,
    takeover: false,
    maxSessions: 64,
    pendingWarning: 20_000,
  };
  const verifier = new SessionVerifier(
    { ...options, mode, appId: evaluate.serverAppId },
    clock,
    log,
  );
  const silence = () => new Promise<never>(() => {});
  verifier.attach({
    ...{ steamId: 1n, resume: { connection: '', secret: '' }, publicAddress: '' },
    ...{ connectTokens: [], trustedKeys: [key.publicKeyPem], drop: () => {} },
    ...{ ownership: silence, registerTicket: silence, cancelTicket: silence, logOff: silence },
    ...{ beginSession: silence, uploadSessions: silence, endSession: silence },
  });
  return verifier;
}

const named = (name: string): TicketVector => {
  const found = vectors.find((vector) => vector.name === name);
  if (found === undefined) throw new Error(`no vector ${name}`);
  return found;
};
const idOf = (vector: TicketVector): bigint => BigInt(vector.decoded.ownership.steamId);

describe('beginAuthSession, synchronous part (6.2)', () => {
  for (const vector of vectors) {
    it(`answers ${vector.expectedBegin} to vector ${vector.name}`, () => {
      const answer = verifierFor().begin(vectorBytes(vector), idOf(vector));
      expect(answer).to.equal(vector.expectedBegin);
    });
  }

  const minimal = named('client-minimal');
  const bytes = vectorBytes(minimal);
  const id = idOf(minimal);

  it('row 2: no bytes, fewer than 24, more than 4096 are answered 1', () => {
    for (const length of [0, 1, 23, 4097]) {
      expect(verifierFor().begin(new Uint8Array(length), id), String(length)).to.equal(1);
    }
  });

  it('row 2: a Web ticket, a connect blob and a bare ownership ticket are answered 1', () => {
    for (const name of ['webapi-padded', 'connect-blob', 'ownership-only', 'ownership-unsigned']) {
      expect(verifierFor().begin(vectorBytes(named(name)), id), name).to.equal(1);
    }
  });

  it('row 3: an invalid SteamID, or another one than in the ticket, is answered 1', () => {
    expect(verifierFor().begin(bytes, 0n)).to.equal(1);
    expect(verifierFor().begin(bytes, id + 1n)).to.equal(1);
    expect(verifierFor().begin(bytes, id | (2n << 32n))).to.equal(1);
  });

  it('row 4: a ticket of an issuer who is not trusted is answered 1', () => {
    const broken = Uint8Array.from(bytes);
    broken[bytes.length - 1] = (broken[bytes.length - 1] ?? 0) ^ 1;
    expect(verifierFor().begin(broken, id)).to.equal(1);
  });

  it('row 5: another version of the ownership ticket is answered 3', () => {
    expect(verifierFor().begin(vectorBytes(named('old-version')), id)).to.equal(3);
  });

  it('row 6: a ticket for another app is answered 4', () => {
    expect(verifierFor().begin(vectorBytes(named('wrong-app')), id)).to.equal(4);
  });

  it('row 7: an ownership ticket that expired is answered 5', () => {
    expect(verifierFor().begin(vectorBytes(named('expired')), id)).to.equal(5);
  });

  it('row 8: a second session of the same user is answered 2 and leaves the first untouched', () => {
    const verifier = verifierFor();
    expect(verifier.begin(bytes, id)).to.equal(0);
    const before = verifier.get(id);
    expect(verifier.begin(vectorBytes(named('client-random-session-ip')), id)).to.equal(2);
    expect(verifier.get(id)).to.eql(before);
  });

  it('last row: 0 makes the session pending and counts the player', () => {
    const verifier = verifierFor();
    expect(verifier.begin(bytes, id)).to.equal(0);
    expect(verifier.get(id)?.state).to.equal('pending');
    expect(verifier.size).to.equal(1);
  });

  it('no signal follows a result other than 0', () => {
    const verifier = verifierFor();
    let said = 0;
    verifier.onVerdict(() => said++);
    verifier.begin(vectorBytes(named('expired')), id);
    expect([said, verifier.size]).to.eql([0, 0]);
  });

  it('the first failing check wins, in the order of the table', () => {
    expect(beginChecks.map((check) => check.result)).to.eql([1, 1, 1, 3, 4, 5, 2]);
    const question = {
      ...{ bytes, ticket: undefined, steamId: 0n, appId: 1, now: 9e9, legacy: false },
      ...{ issuers: new TrustedIssuers([]), hasOpenSession: true },
    };
    expect(beginChecks.every((check) => check.fails(question))).to.equal(true);
  });

  it('mode 1 makes checks 2, 3 and 8 only and approves at once with the user as owner', () => {
    const verifier = verifierFor(1);
    const verdicts: unknown[] = [];
    verifier.onVerdict(({ response, ownerId }) => verdicts.push([response, ownerId]));
    expect(verifier.begin(vectorBytes(named('expired')), id)).to.equal(0);
    expect(verdicts).to.eql([[0, id]]);
    expect(verifier.begin(vectorBytes(named('wrong-app')), id)).to.equal(2);
    expect(verifier.begin(new Uint8Array(30), id)).to.equal(1);
    expect(verifierFor(1).begin(bytes, id + 1n)).to.equal(1);
  });

  it('bytes after the signature are ignored, as in the 1024-byte buffers of wrappers', () => {
    const buffer = new Uint8Array(1024).fill(0x55);
    buffer.set(bytes);
    expect(verifierFor().begin(buffer, id)).to.equal(0);
  });

  it('keeps its sessions below the limit', () => {
    const verifier = new SessionVerifier(
      {
        ...{ appId: 480, mode: 1, strictLicense: false, takeover: false },
        ...{ maxSessions: 1, pendingWarning: 20_000 },
      },
      new FakeClock(),
      log,
    );
    expect(verifier.begin(bytes, id)).to.equal(EBeginAuthSessionResult.OK);
    const other = named('client-dlc');
    expect(verifier.begin(vectorBytes(other), idOf(other))).to.equal(1);
    expect(verifier.size).to.equal(1);
  });
});
