import { ByteReader } from 'beaconry';

/** Everything a launcher sends inside a frame, VCMI proxy lobby, section 4. */
export const LOBBY_TAGS = [
  'GREETINGS',
  'VER',
  'MSG',
  'NEW',
  'PSWD',
  'COUNT',
  'JOIN',
  'MODS',
  'READY',
  'LEAVE',
  'KICK',
  'FORCESTART',
  'HOSTMODE',
  'HERE',
  'CHANNEL',
  'ALIVE',
  'ROOT',
] as const;
export type LobbyTag = (typeof LOBBY_TAGS)[number];

export interface LobbyCommand {
  readonly tag: LobbyTag;
  readonly value: string;
}

/** The first frame of a lobby connection: version byte, length and name of the encoding, text. Section 3. */
export interface Greeting {
  readonly version: number;
  /** ASCII name; empty means UTF-8. */
  readonly encoding: string;
  /** Tags, in that encoding. */
  readonly text: Uint8Array;
}

export function decodeGreeting(payload: Uint8Array): Greeting {
  const reader = new ByteReader(payload);
  const version = reader.u8();
  const encoding = Buffer.from(reader.view(reader.u8())).toString('latin1');
  return { version, encoding, text: reader.view(reader.remaining) };
}

export function encodeGreeting({ version, encoding, text }: Greeting): Buffer {
  const name = Buffer.from(encoding, 'latin1');
  if (name.length > 255) throw new RangeError('the name of an encoding has at most 255 bytes');
  return Buffer.concat([Buffer.of(version, name.length), name, text]);
}

const tagPattern = new RegExp(`<(${LOBBY_TAGS.join('|')})>`, 'g');

/**
 * The commands in the text of a frame, in order. Only a known tag ends a value, so that `a < b` stays
 * whole; text before the first one is dropped.
 */
export function decodeCommands(text: string): LobbyCommand[] {
  const commands: LobbyCommand[] = [];
  let tag: LobbyTag | undefined;
  let from = 0;
  for (const match of text.matchAll(tagPattern)) {
    if (tag !== undefined) commands.push({ tag, value: text.slice(from, match.index) });
    tag = match[1] as LobbyTag;
    from = match.index + match[0].length;
  }
  if (tag !== undefined) commands.push({ tag, value: text.slice(from) });
  return commands;
}

export const encodeCommands = (commands: readonly LobbyCommand[]): string =>
  commands.map(({ tag, value }) => `<${tag}>${value}`).join('');
