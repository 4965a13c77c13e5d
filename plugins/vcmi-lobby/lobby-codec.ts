import { ByteReader, DecodeError } from 'beaconry';

/** Everything a launcher sends inside a frame, spec section 4. */
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

export interface RoomLine {
  readonly name: string;
  readonly joined: number;
  readonly total: number;
  readonly protected: boolean;
}
export interface ModLine {
  readonly name: string;
  readonly version: string;
}
export interface StatusLine {
  readonly user: string;
  readonly ready: boolean;
}

/** Everything the server says, spec section 6. */
export type ServerMessage =
  | { readonly type: 'SESSIONS'; readonly rooms: readonly RoomLine[] }
  | { readonly type: 'USERS'; readonly users: readonly string[] }
  | { readonly type: 'CREATED'; readonly room: string }
  | { readonly type: 'JOIN' | 'KICK'; readonly room: string; readonly user: string }
  | { readonly type: 'STATUS'; readonly players: readonly StatusLine[] }
  | { readonly type: 'MODS'; readonly mods: readonly ModLine[] }
  | { readonly type: 'MODSOTHER'; readonly user: string; readonly mods: readonly ModLine[] }
  | { readonly type: 'GAMEMODE'; readonly mode: number }
  | { readonly type: 'HOST'; readonly uuid: string; readonly connections: number }
  | { readonly type: 'START'; readonly uuid: string }
  | { readonly type: 'MSG'; readonly sender: string; readonly text: string }
  | {
      readonly type: 'MSGCH';
      readonly sender: string;
      readonly channel: string;
      readonly text: string;
    }
  | { readonly type: 'CHANNEL'; readonly channel: string }
  | { readonly type: 'HEALTH' }
  | { readonly type: 'ERROR'; readonly text: string };

/** Text of one message. Whatever is put in, the result is one message for a client that splits at `:>>` and `:`. */
export function encodeServerMessage(message: ServerMessage): string {
  switch (message.type) {
    case 'SESSIONS':
      return write(message.type, [
        message.rooms.length,
        ...message.rooms.flatMap((room) => [
          field(room.name),
          room.joined,
          room.total,
          truth(room.protected),
        ]),
      ]);
    case 'USERS':
      return write(message.type, [message.users.length, ...message.users.map(field)]);
    case 'CREATED':
      return write(message.type, [field(message.room)]);
    case 'JOIN':
    case 'KICK':
      return write(message.type, [field(message.room), field(message.user)]);
    case 'STATUS':
      return write(message.type, [
        message.players.length,
        ...message.players.flatMap(({ user, ready }) => [field(user), truth(ready)]),
      ]);
    case 'MODS':
      return write(message.type, [message.mods.length, ...modFields(message.mods)]);
    case 'MODSOTHER':
      return write(message.type, [
        field(message.user),
        message.mods.length,
        ...modFields(message.mods),
      ]);
    case 'GAMEMODE':
      return write(message.type, [message.mode]);
    case 'HOST':
      return write(message.type, [field(message.uuid), message.connections]);
    case 'START':
      return write(message.type, [field(message.uuid)]);
    case 'MSG':
      return write(message.type, [field(message.sender), tail(message.text)]);
    case 'MSGCH':
      return write(message.type, [
        field(message.sender),
        field(message.channel),
        tail(message.text),
      ]);
    case 'CHANNEL':
      return write(message.type, [field(message.channel)]);
    case 'HEALTH':
      return write(message.type, ['']);
    case 'ERROR':
      // COMPAT: clients show only what stands before the first colon.
      return write(message.type, [tail(message.text.replaceAll(':', ''))]);
  }
}

/** What clients do with the text of one read, strictly; wrong field counts throw {@link DecodeError}. */
export function decodeServerMessages(text: string): ServerMessage[] {
  if (!text.startsWith(':>>')) throw new DecodeError('unexpected', 0, 'does not begin with :>>');
  return text.slice(3).split(':>>').map(readMessage);
}

const write = (type: string, fields: readonly (string | number)[]): string =>
  `:>>${type}:${fields.join(':')}`;
const truth = (value: boolean): string => (value ? 'True' : 'False');
const modFields = (mods: readonly ModLine[]): string[] =>
  mods.flatMap(({ name, version }) => [field(name), field(version)]);

/** A value in the middle of a message: no separator may be in it, nor may it complete one. */
const field = (text: string): string => text.replaceAll(':', '').replace(/^>+/, '');

/** Text at the end of a message: colons are free, but `:>>` would begin another message. */
const tail = (text: string): string => text.replace(/(^|:)>{2,}/g, '$1>');

/** Drops control characters, which no client can show, and cuts without splitting a character. */
export function cleanText(text: string, limit: number): string {
  const clean = text.replace(/\p{Cc}/gu, '');
  return clean.length <= limit ? clean : [...clean.slice(0, limit * 2)].slice(0, limit).join('');
}

/** Reads the fields of one message in order; the first wrong one throws. */
class Fields {
  #next = 0;
  constructor(private readonly values: readonly string[]) {}
  text(): string {
    const value = this.values[this.#next];
    if (value === undefined) throw new DecodeError('truncated', this.#next, 'a field is missing');
    this.#next++;
    return value;
  }
  number(): number {
    const value = this.text();
    if (!/^-?\d{1,9}$/.test(value)) {
      throw new DecodeError('invalid', this.#next - 1, `${value} is no number`);
    }
    return Number(value);
  }
  truth(): boolean {
    const value = this.text();
    if (value !== 'True' && value !== 'False') {
      throw new DecodeError('invalid', this.#next - 1, `${value} is neither True nor False`);
    }
    return value === 'True';
  }
  many<T>(read: () => T): T[] {
    const count = this.number();
    if (count < 0 || count > this.values.length - this.#next) {
      throw new DecodeError('truncated', this.#next, `${count} entries are announced`);
    }
    return Array.from({ length: count }, read);
  }
  /** All that is left, colons included. */
  rest(): string {
    const rest = [this.text(), ...this.values.slice(this.#next)].join(':');
    this.#next = this.values.length;
    return rest;
  }
  end(): void {
    if (this.#next < this.values.length) {
      throw new DecodeError('invalid', this.#next, 'there are fields too many');
    }
  }
}

function readMessage(part: string): ServerMessage {
  const [type = '', ...values] = part.split(':');
  const fields = new Fields(values);
  const message = readFields(type, fields);
  fields.end();
  return message;
}

function readFields(type: string, fields: Fields): ServerMessage {
  const mods = () => fields.many(() => ({ name: fields.text(), version: fields.text() }));
  switch (type) {
    case 'SESSIONS':
      return {
        type,
        rooms: fields.many(() => ({
          name: fields.text(),
          joined: fields.number(),
          total: fields.number(),
          protected: fields.truth(),
        })),
      };
    case 'USERS':
      return { type, users: fields.many(() => fields.text()) };
    case 'CREATED':
      return { type, room: fields.text() };
    case 'JOIN':
    case 'KICK':
      return { type, room: fields.text(), user: fields.text() };
    case 'STATUS':
      return {
        type,
        players: fields.many(() => ({ user: fields.text(), ready: fields.truth() })),
      };
    case 'MODS':
      return { type, mods: mods() };
    case 'MODSOTHER':
      return { type, user: fields.text(), mods: mods() };
    case 'GAMEMODE':
      return { type, mode: fields.number() };
    case 'HOST':
      return { type, uuid: fields.text(), connections: fields.number() };
    case 'START':
      return { type, uuid: fields.text() };
    case 'MSG':
      return { type, sender: fields.text(), text: fields.rest() };
    case 'MSGCH':
      return { type, sender: fields.text(), channel: fields.text(), text: fields.rest() };
    case 'CHANNEL':
      return { type, channel: fields.text() };
    case 'HEALTH':
      fields.text();
      return { type };
    case 'ERROR':
      return { type, text: fields.rest() };
    default:
      throw new DecodeError('unexpected', 0, `unknown message ${type}`);
  }
}
