import { DecodeError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  estimatePing,
  estimatePingOfTexts,
  estimatePingToPop,
  popDistances,
} from '../../../../plugins/coordinator/sdr/ping-estimate.js';
import {
  formatPingLocation,
  type PopPing,
  parsePingLocation,
} from '../../../../plugins/coordinator/sdr/ping-location-codec.js';

const distance = popDistances([
  ['fra', 'sto', 25],
  ['fra', 'iad', 90],
]);

describe('ping locations', () => {
  it('are read with and without a better route', () => {
    expect([...parsePingLocation('fra=12+1,sto=40+4/31+1')]).to.deep.equal([
      ['fra', { direct: 12, penalty: 1 }],
      ['sto', { direct: 40, penalty: 4, relayed: { ping: 31, penalty: 1 } }],
    ]);
  });

  it('come back as they were', () => {
    const number = fc.nat(2000);
    const ping = fc.record({ direct: number, penalty: number }).chain((plain) =>
      fc.oneof(
        fc.constant<PopPing>(plain),
        fc
          .record({ ping: number, penalty: number })
          .map<PopPing>((relayed) => ({ ...plain, relayed })),
      ),
    );
    const entry = fc.tuple(fc.stringMatching(/^[a-z0-9]{3,4}$/), ping);
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { minLength: 1, maxLength: 20, selector: ([pop]) => pop }),
        (entries) => {
          expect([...parsePingLocation(formatPingLocation(new Map(entries)))]).to.deep.equal(
            entries,
          );
        },
      ),
    );
  });

  it('may carry something newer behind the numbers of an entry', () => {
    expect([...parsePingLocation('fra=12+1;q=5,sto=3+0/2+0/x').keys()]).to.deep.equal([
      'fra',
      'sto',
    ]);
  });

  for (const text of [
    '',
    'fra',
    'fra=',
    'fra=1',
    'fra=1+',
    'FRA=1+1',
    'fr=1+1',
    'fra=2001+1',
    'fra=1+1/2001+0',
    'fra=-1+0',
    'fra=1+1,,',
    `fra=1+1${' '.repeat(1023)}`,
  ]) {
    it(`are refused when it is ${JSON.stringify(text).slice(0, 24)}`, () => {
      expect(() => parsePingLocation(text)).to.throw(DecodeError);
    });
  }

  it('throw only DecodeError for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[a-z=+/,0-9]*$/)), (text) => {
        try {
          parsePingLocation(text);
        } catch (error) {
          expect(error).to.be.instanceOf(DecodeError);
        }
      }),
    );
  });
});

describe('ping estimates', () => {
  const estimate = (a: string, b: string) => estimatePingOfTexts(a, b, distance);

  it('add both ways in, their penalties and the way between', () => {
    expect(estimate('fra=10+1', 'iad=20+2')).to.equal(10 + 1 + 90 + 20 + 2);
  });

  it('take the best pair of POPs', () => {
    expect(estimate('fra=10+1,iad=95+9', 'iad=20+2')).to.equal(123);
    expect(estimate('fra=60+6,iad=30+3', 'iad=20+2')).to.equal(55);
  });

  it('take the relayed way into a POP where it is better', () => {
    expect(estimate('iad=200+20/101+1', 'iad=20+2')).to.equal(124);
  });

  it('are the same in both directions, and at a POP 0 away from itself', () => {
    const text = fc
      .array(fc.tuple(fc.constantFrom('fra', 'sto', 'iad', 'xyz'), fc.nat(500), fc.nat(50)), {
        minLength: 1,
        maxLength: 4,
      })
      .map((entries) =>
        entries.map(([pop, ping, penalty]) => `${pop}=${ping}+${penalty}`).join(','),
      );
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(estimate(a, b)).to.equal(estimate(b, a));
      }),
    );
    expect(estimatePingToPop(parsePingLocation('fra=10+1'), 'fra', distance)).to.equal(11);
  });

  it('skip pairs nobody knows, and are -2 when none is left', () => {
    expect(estimate('xyz=1+0,fra=10+1', 'iad=20+2')).to.equal(123);
    expect(estimate('xyz=1+0', 'iad=20+2')).to.equal(-2);
    expect(estimatePing(new Map(), new Map(), distance)).to.equal(-2);
  });

  it('are -1 when a location cannot be read', () => {
    expect(estimate('nonsense', 'iad=20+2')).to.equal(-1);
  });
});
