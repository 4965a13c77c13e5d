import { DecodeError } from 'beaconry';
import type { ServerMessage } from './server-message.js';

/** What clients do with the text of one read, strictly; wrong field counts throw {@link DecodeError}. */
export function decodeServerMessages(text: string): ServerMessage[] {
  if (!text.startsWith(':>>')) throw new DecodeError('unexpected', 0, 'does not begin with :>>');
  return text.slice(3).split(':>>').map(readMessage);
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
