import type { OfferedCommand } from 'beaconry';
import { ServerError } from 'beaconry';
import { expect } from 'chai';
import fc from 'fast-check';
import { readCommandLine } from '../../../plugins/rcon/command-line.js';

const commands: OfferedCommand[] = [
  { name: 'ban', plugin: 'x', doc: '', positional: [], options: [] },
  {
    name: 'ban-add',
    plugin: 'bans',
    doc: '',
    positional: ['subject', 'reason'],
    options: ['for', 'scope'],
  },
];
const read = (line: string) => readCommandLine(line, commands);

describe('an RCON line', () => {
  it('names a command with blanks or dashes, the longest name first', () => {
    const texts = { subject: '192.0.2.1', reason: 'spam' };
    expect(read('ban add 192.0.2.1 spam')).deep.equal({ name: 'ban-add', texts });
    expect(read('  ban-add   192.0.2.1 spam ')).deep.equal({ name: 'ban-add', texts });
    expect(read('ban')).deep.equal({ name: 'ban', texts: {} });
  });

  it('has quoted texts, and options anywhere behind the name', () => {
    expect(read('ban add --for 7d 192.0.2.1 "for \\"spam\\"" --scope=all')).deep.equal({
      name: 'ban-add',
      texts: { for: '7d', scope: 'all', subject: '192.0.2.1', reason: 'for "spam"' },
    });
    expect(read('ban add "--x" y').texts).deep.equal({ subject: '--x', reason: 'y' });
  });

  it('is refused with what is wrong and how the command goes', () => {
    for (const [line, said] of [
      ['kick bob', /unknown command "kick"; "help" lists all/],
      ['', /unknown command/],
      ['ban add a b c', /too many words; ban-add <subject> <reason>/],
      ['ban add a --until now', /has no --until/],
      ['ban add a --for', /--for needs a value/],
      ['ban add "a', /quotation mark/],
    ] as const) {
      expect(() => read(line), line).throw(ServerError, said);
    }
  });

  it('of any characters is read or refused, and never reaches another object', () => {
    fc.assert(
      fc.property(fc.string(), (rest) => {
        try {
          const { texts } = read(`ban add ${rest}`);
          const known = ['subject', 'reason', 'for', 'scope'];
          expect(Object.keys(texts).every((name) => known.includes(name))).equal(true);
        } catch (error) {
          expect(error).instanceOf(ServerError);
        }
      }),
    );
  });
});
