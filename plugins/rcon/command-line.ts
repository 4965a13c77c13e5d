import { type OfferedCommand, ServerError } from 'beaconry';

/** A line as it was typed, ready to run. */
export interface TypedCommand {
  readonly name: string;
  readonly texts: Readonly<Record<string, string>>;
}

/**
 * Reads `ban add 192.0.2.1 "for spam" --for 7d`: words of the name with blanks or `-`, required parameters in
 * their order, others as `--name value`. Error `COMMAND_LINE`, or `NO_COMMAND`.
 */
export function readCommandLine(line: string, commands: readonly OfferedCommand[]): TypedCommand {
  const words = wordsOf(line);
  const [command, rest] = findCommand(words, commands);
  const texts: Record<string, string> = {};
  const given: string[] = [];
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i] as Word;
    if (word.quoted || !word.text.startsWith('--')) {
      given.push(word.text);
      continue;
    }
    const [name = '', ...value] = word.text.slice(2).split('=');
    if (!command.options.includes(name) && !command.positional.includes(name)) {
      throw wrong(`${command.name} has no --${name}; ${usageOf(command)}`);
    }
    const next = value.length > 0 ? value.join('=') : rest[++i]?.text;
    if (next === undefined) throw wrong(`--${name} needs a value; ${usageOf(command)}`);
    texts[name] = next;
  }
  const open = command.positional.filter((name) => !Object.hasOwn(texts, name));
  if (given.length > open.length) throw wrong(`too many words; ${usageOf(command)}`);
  given.forEach((text, i) => {
    texts[open[i] as string] = text;
  });
  return { name: command.name, texts };
}

/** One line for each command. */
export const helpText = (commands: readonly OfferedCommand[]): string =>
  commands.map((command) => `${usageOf(command)}\n    ${command.doc}`).join('\n');

const usageOf = ({ name, positional, options }: OfferedCommand): string =>
  [name, ...positional.map((one) => `<${one}>`), ...options.map((one) => `[--${one} …]`)].join(' ');

interface Word {
  readonly text: string;
  readonly quoted: boolean;
}

function wordsOf(line: string): Word[] {
  const words: Word[] = [];
  const pattern = /"((?:[^"\\]|\\.)*)"|(\S+)/g;
  for (const [, quoted, plain] of line.matchAll(pattern)) {
    if (plain?.includes('"') && !/^--[a-zA-Z]+=/.test(plain)) {
      throw wrong('a quotation mark is missing, or stands in the middle of a word');
    }
    words.push(
      quoted === undefined
        ? { text: plain ?? '', quoted: false }
        : { text: quoted.replace(/\\(.)/g, '$1'), quoted: true },
    );
  }
  return words;
}

/** The command with the longest name that the line begins with. */
function findCommand(
  words: readonly Word[],
  commands: readonly OfferedCommand[],
): [OfferedCommand, Word[]] {
  for (let count = Math.min(6, words.length); count > 0; count--) {
    const name = words
      .slice(0, count)
      .map(({ text }) => text)
      .join('-');
    const found = commands.find((command) => command.name === name);
    if (found !== undefined) return [found, words.slice(count)];
  }
  throw new ServerError(
    'NO_COMMAND',
    `unknown command "${(words[0]?.text ?? '').slice(0, 60)}"; "help" lists all`,
  );
}

const wrong = (message: string): ServerError => new ServerError('COMMAND_LINE', message);
