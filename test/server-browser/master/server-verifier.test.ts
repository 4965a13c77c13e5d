import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import type { Registered } from '../../../server-browser/master/registration-table.js';
import { ServerVerifier } from '../../../server-browser/master/server-verifier.js';
import { at, described, tableOf, usual } from './build.js';

const info = (name: string, players = 5) => ({ name, map: 'de_dust2', players });

describe('the verifier of servers', () => {
  let clock: FakeClock;
  let table: ReturnType<typeof tableOf>;
  let verifier: ServerVerifier;
  let asked: string[];
  beforeEach(() => {
    clock = new FakeClock();
    table = tableOf(clock, { ttl: 3_600_000, verify: () => true });
    asked = [];
    verifier = new ServerVerifier(clock, table, (to) => asked.push(to.toString()));
  });

  const join = (address: string): Registered => {
    table.upsert(at(address), verifier.believable(at(address), described()), usual);
    const registration = table.find(at(address));
    if (registration === undefined) throw new Error('not registered');
    verifier.joined(registration, 5);
    return registration;
  };
  const verified = (address: string, name = address): Registered => {
    const registration = join(address);
    verifier.answered(registration.address, info(name));
    return registration;
  };
  const stranger = (n: number) => `${20 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.1:27015`;
  const second = async () => {
    await clock.advance(1000);
    verifier.tick();
  };

  it('asks a known server at once while strangers flood it with joins', async () => {
    const known = verified('203.0.113.1:27015');
    await clock.advance(61_000);
    for (let n = 0; n < 10_000; n++) join(stranger(n));
    asked.splice(0);
    join('203.0.113.1:27015');
    expect(asked).deep.equal(['203.0.113.1:27015']);
    expect(known.hidden).equal(false);
  });

  it('calls nobody silent whom it has not asked yet', async () => {
    for (let n = 0; n < 30_000; n++) join(stranger(n));
    const last = stranger(29_999);
    for (let passed = 0; passed < 14 && !asked.includes(last); passed++) await second();
    expect(asked).contain(last);
    verifier.answered(at(last), info('late'));
    expect(table.find(at(last))?.hidden).equal(false);
  });

  it('hides at most so many servers as it can ask at once, however many shutdowns are forged', () => {
    const servers = Array.from({ length: 3000 }, (_, n) => verified(stranger(n)));
    asked.splice(0);
    for (const server of servers) verifier.shutdown(server);
    const hidden = servers.filter((server) => server.hidden);
    expect(hidden.length).equal(asked.length).and.at.most(500);
  });

  it('keeps what it knows of a server whose answer anybody could have caused', () => {
    const server = verified('203.0.113.1:27015', 'Honest');
    verifier.shutdown(server);
    // An answer that is forged in the moment for which the shutdown made the master listen.
    verifier.answered(server.address, info('Forged', 0));
    expect([server.hidden, server.players]).deep.equal([false, 5]);
  });

  it('lets the oldest of many that say the same stand for all, whoever said it first', async () => {
    const old = verified('203.0.113.1:27015', 'Plain');
    await clock.advance(61_000);
    const clones = [1, 2, 3, 4].map((n) => verified(stranger(n), 'Famous'));
    join('203.0.113.1:27015');
    verifier.answered(old.address, info('Famous'));
    expect(old.hidden).equal(false);
    expect(clones.map(({ hidden }) => hidden)).deep.equal([true, true, true, true]);
  });
});
