import { expect } from 'chai';
import fc from 'fast-check';
import { formatBanLines, type ListedBan, parseBanLines } from '../../../plugins/bans/ban-lines.js';

const now = Date.UTC(2026, 0, 1);
const wrongness = (text: string): Promise<string> =>
  parseBanLines(text, now).then(
    () => 'accepted',
    (error: Error) => error.message,
  );

const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
const text = fc
  .string({ maxLength: 40, unit: 'binary' })
  .filter((s) => !/[\p{Cc}\p{Surrogate}]/u.test(s));
const ban: fc.Arbitrary<ListedBan> = fc.record({
  subject: fc.oneof(
    fc.ipV4().map((host) => `${host}/32`),
    fc
      .tuple(fc.ipV4(), fc.integer({ min: 1, max: 65535 }))
      .map(([host, port]) => `${host}:${port}`),
    fc.bigInt({ min: 10n ** 16n, max: 2n ** 64n - 1n }).map(String),
    text.filter((name) => name.trim() === name && name !== '').map((name) => `account:${name}`),
  ),
  scope: word,
  reason: text,
  by: text,
  from: fc.integer({ min: 0, max: now }),
  until: fc.option(fc.integer({ min: now + 1, max: now * 4 })),
});

describe('lines of bans', () => {
  it('come back as they went', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(ban, { selector: (one) => one.subject }), async (bans) => {
        expect(await parseBanLines(formatBanLines(bans), now)).deep.equal(bans);
      }),
    );
  });

  it('need a subject alone; comments, empty lines and unknown keys are skipped', async () => {
    const [found, ...more] = await parseBanLines(
      '# mine\r\n\r\n{"subject":" 192.0.2.9/24 ","note":7}\r\n',
      now,
    );
    expect(more).deep.equal([]);
    expect(found).deep.equal({
      subject: '192.0.2.0/24',
      scope: 'all',
      reason: '',
      by: '',
      from: now,
      until: null,
    });
  });

  it('leave out bans that are over, and let the last of equal subjects count', async () => {
    const lines = [
      '{"subject":"192.0.2.1","until":"2025-12-31T23:59:59Z"}',
      '{"subject":"192.0.2.2","reason":"first"}',
      '{"subject":"192.0.2.2/32","reason":"last"}',
    ];
    const found = await parseBanLines(lines.join('\n'), now);
    expect(found.map(({ reason }) => reason)).deep.equal(['last']);
  });

  for (const [what, line] of [
    ['no JSON', 'nonsense'],
    ['JSON that is no object', '["192.0.2.1"]'],
    ['no subject', '{"reason":"x"}'],
    ['a subject that is none', '{"subject":"somebody"}'],
    ['a subject of another type', '{"subject":1}'],
    ['a range over half the world', '{"subject":"0.0.0.0/1"}'],
    ['all of IPv6', '{"subject":"::/0"}'],
    ['a scope of two words', '{"subject":"192.0.2.1","scope":"a b"}'],
    ['a time that is none', '{"subject":"192.0.2.1","until":"tomorrow"}'],
    ['a reason that moves the cursor', '{"subject":"192.0.2.1","reason":"\\u001b[2J"}'],
  ] as const) {
    it(`with ${what} are refused with the number of the line and none of its text`, async () => {
      const message = await wrongness(`{"subject":"192.0.2.1"}\n${line}\n`);
      expect(message).match(/^line 2: /);
      expect(message).not.contain('nonsense').and.not.contain('somebody');
    });
  }

  it('of any text throw nothing but a line that is wrong', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (any) => {
        expect(await wrongness(any)).match(/^(accepted|line \d+: )/);
      }),
    );
  });
});
