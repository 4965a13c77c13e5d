import { expect } from 'chai';
import fc from 'fast-check';
import type { Json, StoreDriver } from '../../../core/store/store.js';
import { FakeClock } from '../../../core/testing/fake-clock.js';

/** The promises of `Store`; every driver is run through them. */
export function describeStore(open: (clock: FakeClock) => Promise<StoreDriver>): void {
  let clock: FakeClock;
  let store: StoreDriver;

  beforeEach(async () => {
    clock = new FakeClock();
    store = await open(clock);
  });
  afterEach(() => store.close());

  describe('values', () => {
    it('gives back what was set, and undefined for what was not', async () => {
      await store.set('a', { text: 'ü\u0000"', list: [1, null, true] });
      expect(await store.get('a')).to.deep.equal({ text: 'ü\u0000"', list: [1, null, true] });
      expect(await store.get('b')).to.equal(undefined);
    });

    it('keeps null apart from an absent key', async () => {
      await store.set('a', null);
      expect(await store.get('a')).to.equal(null);
      expect(await store.setIfAbsent('a', 1)).to.equal(false);
    });

    it('gives every reader a value of his own', async () => {
      const value = { list: [1] };
      await store.set('a', value);
      value.list.push(2);
      const read = await store.get<{ list: number[] }>('a');
      read?.list.push(3);
      expect(await store.get('a')).to.deep.equal({ list: [1] });
    });

    it('keeps any JSON', () =>
      fc.assert(
        fc.asyncProperty(fc.jsonValue(), async (value) => {
          const plain = JSON.parse(JSON.stringify(value)) as Json;
          await store.set('any', plain);
          expect(await store.get('any')).to.deep.equal(plain);
        }),
        { numRuns: 50 },
      ));

    it('says whether delete found something', async () => {
      await store.set('a', 1);
      expect([await store.delete('a'), await store.delete('a')]).to.deep.equal([true, false]);
    });
  });

  describe('one step', () => {
    it('lets exactly one of many setIfAbsent win', async () => {
      const won = await Promise.all([1, 2, 3, 4].map((n) => store.setIfAbsent('a', n)));
      expect(won).to.deep.equal([true, false, false, false]);
      expect(await store.get('a')).to.equal(1);
    });

    it('gives the value to exactly one of many take', async () => {
      await store.set('a', 'ticket');
      const taken = await Promise.all([store.take('a'), store.take('a'), store.take('a')]);
      expect(taken).to.deep.equal(['ticket', undefined, undefined]);
    });

    it('loses none of many updates', async () => {
      const raise = () => store.update<number>('n', (n = 0) => n + 1);
      await Promise.all(Array.from({ length: 50 }, raise));
      expect(await store.get('n')).to.equal(50);
    });

    it('deletes when update returns undefined', async () => {
      await store.set('a', 1);
      expect(await store.update('a', () => undefined)).to.equal(undefined);
      expect(await store.get('a')).to.equal(undefined);
    });

    it('changes nothing when the function of update throws, and the operations around it hold', async () => {
      const before = store.set('a', 1);
      const failed = store.update('a', () => {
        throw new RangeError('no');
      });
      const after = store.set('b', 2);
      const [, reason] = await Promise.allSettled([before, failed, after]);
      expect(reason).to.have.nested.property('reason.name', 'RangeError');
      expect([await store.get('a'), await store.get('b')]).to.deep.equal([1, 2]);
    });

    it('keeps the order of operations begun in one tick', async () => {
      const seen = await Promise.all([
        store.set('a', 1),
        store.get('a'),
        store.delete('a'),
        store.get('a'),
        store.setIfAbsent('a', 2),
        store.take('a'),
      ]);
      expect(seen).to.deep.equal([undefined, 1, true, undefined, true, 2]);
    });
  });

  describe('time to live', () => {
    it('hides an entry from the moment its time is over', async () => {
      await store.set('a', 1, { ttl: 1000 });
      await clock.advance(999);
      expect(await store.get('a')).to.equal(1);
      await clock.advance(1);
      expect(await store.get('a')).to.equal(undefined);
      expect(await store.scan('')).to.deep.equal([]);
      expect(await store.take('a')).to.equal(undefined);
      expect(await store.delete('a')).to.equal(false);
      expect(await store.setIfAbsent('a', 2)).to.equal(true);
    });

    it('gives update nothing of an entry that is over', async () => {
      await store.set('a', 1, { ttl: 1000 });
      await clock.advance(1000);
      expect(await store.update<number>('a', (n) => (n ?? 10) + 1)).to.equal(11);
    });

    it('lets an entry stay when it is written again without a time', async () => {
      await store.set('a', 1, { ttl: 1000 });
      await store.set('a', 2);
      await clock.advance(5000);
      expect(await store.get('a')).to.equal(2);
    });

    it('hides an entry at once whose time was over before', async () => {
      await store.set('a', 1, { ttl: -5 });
      expect(await store.get('a')).to.equal(undefined);
    });

    it('refuses a time that is no number', async () => {
      await refused('STORE_TTL', store.set('a', 1, { ttl: Number.NaN }));
    });
  });

  describe('scan', () => {
    it('gives the entries of a prefix in order', async () => {
      for (const key of ['b/2', 'a', 'b/10', 'c', 'b/1']) await store.set(key, key);
      expect(await store.scan('b/')).to.deep.equal([
        ['b/1', 'b/1'],
        ['b/10', 'b/10'],
        ['b/2', 'b/2'],
      ]);
    });

    it('pages by limit and after', async () => {
      for (let i = 0; i < 25; i++) await store.set(`k${i}`, i);
      const seen: string[] = [];
      for (let after = ''; ; ) {
        const page = await store.scan('k', { after, limit: 10 });
        seen.push(...page.map(([key]) => key));
        if (page.length < 10) break;
        after = page.at(-1)?.[0] ?? '';
      }
      expect(seen).to.have.length(25);
      expect(new Set(seen).size).to.equal(25);
    });

    it('gives at most 1000 entries unless told otherwise', async () => {
      await Promise.all(Array.from({ length: 1001 }, (_, i) => store.set(`k${i}`, i)));
      expect(await store.scan('k')).to.have.length(1000);
      expect(await store.scan('k', { limit: 2000 })).to.have.length(1001);
      expect(await store.scan('k', { limit: 0 })).to.deep.equal([]);
    });

    it('treats no character of a prefix as special', async () => {
      for (const key of ['a%b', 'axb', 'a_b', 'a\u{10ffff}x', 'a\ud7ffx']) await store.set(key, 1);
      const keys = async (prefix: string) => (await store.scan(prefix)).map(([key]) => key);
      expect(await keys('a%')).to.deep.equal(['a%b']);
      expect(await keys('a_')).to.deep.equal(['a_b']);
      expect(await keys('a\u{10ffff}')).to.deep.equal(['a\u{10ffff}x']);
      expect(await keys('a\ud7ff')).to.deep.equal(['a\ud7ffx']);
    });

    it('orders keys by code point', async () => {
      for (const key of ['\u{1f3c1}', '\uff21', 'z']) await store.set(key, 1);
      expect((await store.scan('')).map(([key]) => key)).to.deep.equal([
        'z',
        '\uff21',
        '\u{1f3c1}',
      ]);
    });

    it('finds in any set of keys what a plain filter finds', () => {
      const texts = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 });
      const keys = texts.filter((key) => !key.includes('\0'));
      return fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(keys, { maxLength: 20 }),
          keys,
          keys,
          async (present, prefix, after) => {
            const part = store.namespace('scan');
            for (const [key] of await part.scan('')) await part.delete(key);
            for (const key of present) await part.set(key, 1);
            const found = (await part.scan(prefix, { after })).map(([key]) => key);
            const bytes = (key: string) => Buffer.from(key);
            const wanted = present
              .filter((key) => key.startsWith(prefix))
              .filter((key) => Buffer.compare(bytes(key), bytes(after)) > 0)
              .sort((one, other) => Buffer.compare(bytes(one), bytes(other)));
            expect(found).to.deep.equal(wanted);
          },
        ),
        { numRuns: 50 },
      );
    });
  });

  describe('namespaces', () => {
    it('keeps the keys of nested namespaces apart', async () => {
      const one = store.namespace('one');
      await store.set('k', 'root');
      await one.set('k', 'one');
      await one.namespace('two').set('k', 'one/two');
      await store.namespace('two').set('k', 'two');
      expect(await store.get('k')).to.equal('root');
      expect(await one.get('k')).to.equal('one');
      expect(await store.namespace('one').namespace('two').get('k')).to.equal('one/two');
      expect(await store.scan('')).to.deep.equal([['k', 'root']]);
    });

    it('refuses a name that would reach into another one', () => {
      for (const name of ['', 'a/b', 'x'.repeat(600)]) {
        expect(() => store.namespace(name))
          .to.throw()
          .with.property('code', 'STORE_NAMESPACE');
      }
    });
  });

  describe('bounds', () => {
    it('refuses keys that are empty, too long or no text', async () => {
      await store.set('k'.repeat(512), 1);
      for (const key of ['', 'k'.repeat(513), 'a\0b', '\ud800']) {
        await refused('STORE_KEY', store.set(key, 1));
        await refused('STORE_KEY', store.get(key));
      }
    });

    it('keeps a value of one MiB and refuses a larger one', async () => {
      await store.set('a', 'x'.repeat(1024 * 1024 - 2));
      await refused('STORE_VALUE', store.set('a', 'x'.repeat(1024 * 1024 - 1)));
      await refused('STORE_VALUE', store.set('a', 'ü'.repeat(600_000)));
      await refused(
        'STORE_VALUE',
        store.update('a', () => 'x'.repeat(1024 * 1024)),
      );
    });

    it('refuses what is not JSON', async () => {
      await refused('STORE_VALUE', store.set('a', undefined as unknown as Json));
      await refused('STORE_VALUE', store.set('a', 1n as unknown as Json));
    });
  });

  it('is healthy until it is closed, and refuses work then', async () => {
    expect(store.health()).to.equal(undefined);
    await store.close();
    expect(store.health()).to.be.a('string');
    await refused('STORE_CLOSED', store.get('a'));
    expect(clock.pending).to.equal(0);
  });
}

/** Expects a ServerError of that code. */
export async function refused(code: string, work: Promise<unknown>): Promise<Error> {
  const error = await work.then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error, `expected ${code}`).to.have.property('code', code);
  return error as Error;
}
