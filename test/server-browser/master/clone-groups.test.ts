import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import fc from 'fast-check';
import { CloneGroups } from '../../../server-browser/master/clone-groups.js';
import type { Registered } from '../../../server-browser/master/registration-table.js';
import { at, described, tableOf, usual } from './build.js';

/** What three lines of code would say: by what is said, the oldest stands for all behind more than three addresses. */
class Model {
  readonly said = new Map<Registered, string>();

  hides(one: Registered): boolean {
    const same = [...this.said].filter(([, said]) => said === this.said.get(one));
    const members = same.map(([member]) => member);
    const hosts = new Set(members.map(({ address }) => address.host));
    const oldest = Math.min(...members.map(({ firstSeen }) => firstSeen));
    return this.said.has(one) && hosts.size > 3 && one.firstSeen !== oldest;
  }
}

describe('groups of servers that say the same', () => {
  it('hide and show as a plain model does, and tell of each that changed', () => {
    const step = fc.record({ server: fc.nat(11), says: fc.constantFrom('', 'A', 'B', 'gone') });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const clock = new FakeClock();
        const table = tableOf(clock);
        // Twelve servers behind six addresses, none of the same age, the addresses in no order of age.
        const servers = Array.from({ length: 12 }, (_, n) => {
          void clock.advance(1000);
          const address = at(`10.0.0.${1 + ((n * 5) % 6)}:${1000 + n}`);
          table.upsert(address, described(), usual);
          return table.find(address) as Registered;
        });
        const groups = new CloneGroups((slot) => table.at(slot));
        const model = new Model();
        const hidden = () => servers.map((one) => groups.hides(one));
        for (const { server, says } of steps) {
          const before = hidden();
          const one = servers[server] as Registered;
          const touched = says === 'gone' ? groups.remove(one) : groups.put(one, says, 'map', 5);
          if (says === '' || says === 'gone') model.said.delete(one);
          else model.said.set(one, says);
          const after = hidden();
          expect(after).deep.equal(servers.map((other) => model.hides(other)));
          for (const [n, other] of servers.entries()) {
            if (other !== one && before[n] !== after[n]) expect(touched).include(other);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tell servers apart by map and players, too', () => {
    const table = tableOf(new FakeClock());
    const servers = [1, 2, 3, 4, 5].map((n) => {
      table.upsert(at(`10.0.${n}.1:1`), described(), usual);
      return table.find(at(`10.0.${n}.1:1`)) as Registered;
    });
    const groups = new CloneGroups((slot) => table.at(slot));
    for (const [n, server] of servers.entries()) groups.put(server, 'Same', `map${n >> 1}`, n & 1);
    expect(servers.some((server) => groups.hides(server))).equal(false);
  });
});
