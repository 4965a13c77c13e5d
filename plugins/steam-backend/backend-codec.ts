import type { Json } from 'beaconry';
import { authPartText, readAuthPart } from './auth-part.js';
import type {
  PlayerCredential,
  PlayerLogon,
  Resume,
  ServerLogon,
  ServerReport,
  SessionUpload,
  TicketRegistration,
} from './public.js';

/**
 * Frames between a backend and those who use it from elsewhere, as JSON texts. Questions:
 * `{"id":1,"link":2,"call":"registerTicket","args":{…}}`, answers `{"id":1,"result":…}` or
 * `{"id":1,"error":{"code":"…","message":"…"}}`, and what the backend says on its own:
 * `{"link":2,"said":{"event":"verdict",…}}`. 64-bit numbers are decimal texts, bytes base64.
 */
export type JsonObject = { readonly [key: string]: Json };

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Reads one object of a stranger field by field; whatever is wrong throws ProtocolError. */
export class FieldReader {
  constructor(private readonly source: JsonObject) {}

  static of(json: Json | undefined): FieldReader {
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) {
      return new FieldReader(json as JsonObject);
    }
    throw new ProtocolError('an object is missing');
  }

  #wrong(key: string, what: string): never {
    throw new ProtocolError(`${key} must be ${what}`);
  }

  text(key: string, max = 255): string {
    const value = this.source[key];
    return typeof value === 'string' && value.length <= max ? value : this.#wrong(key, 'text');
  }
  textOrNull(key: string, max = 255): string | null {
    return this.source[key] === null ? null : this.text(key, max);
  }
  nat(key: string, max = 0xffffffff): number {
    const value = this.source[key];
    const right =
      typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
    return right ? value : this.#wrong(key, 'a whole number');
  }
  natOrNull(key: string): number | null {
    return this.source[key] === null ? null : this.nat(key);
  }
  boolean(key: string): boolean {
    const value = this.source[key];
    return typeof value === 'boolean' ? value : this.#wrong(key, 'true or false');
  }
  u64(key: string): bigint {
    const value = this.source[key];
    if (typeof value !== 'string' || !/^\d{1,20}$/.test(value))
      this.#wrong(key, 'a 64-bit id as text');
    const number = BigInt(value);
    return number <= 0xffffffffffffffffn ? number : this.#wrong(key, 'a 64-bit id as text');
  }
  bytes(key: string, max: number): Uint8Array {
    const value = this.text(key, Math.ceil(max / 3) * 4);
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) this.#wrong(key, 'base64');
    return Uint8Array.from(Buffer.from(value, 'base64'));
  }
  list<T>(key: string, max: number, read: (item: FieldReader) => T): T[] {
    const value = this.source[key];
    if (!Array.isArray(value) || value.length > max) return this.#wrong(key, 'a list');
    return value.map((item: Json) => read(FieldReader.of(item)));
  }
  texts(key: string, max: number): string[] {
    const value = this.source[key];
    const right = Array.isArray(value) && value.length <= max;
    if (!right || !value.every((item) => typeof item === 'string'))
      return this.#wrong(key, 'texts');
    return value as string[];
  }
  /** Milliseconds since the epoch. */
  timeOrNull(key: string): number | null {
    return this.source[key] === null ? null : this.nat(key, Number.MAX_SAFE_INTEGER);
  }
  object(key: string): FieldReader {
    return FieldReader.of(this.source[key]);
  }
  has(key: string): boolean {
    return this.source[key] !== undefined;
  }
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const MAX_AUTH_PART = 52;
const MAX_TICKET = 4096;

const encodeResume = (resume: Resume): JsonObject => ({ ...resume });
export const decodeResume = (reader: FieldReader): Resume => ({
  connection: reader.text('connection', 64),
  secret: reader.text('secret', 128),
});

export function encodePlayerLogon({ credential }: PlayerLogon): JsonObject {
  if ('resume' in credential) return { resume: encodeResume(credential.resume) };
  if ('steamTicket' in credential) return { steamTicket: base64(credential.steamTicket) };
  return { ...credential };
}

export function decodePlayerLogon(reader: FieldReader, address: string): PlayerLogon {
  return { credential: decodeCredential(reader), address };
}

function decodeCredential(reader: FieldReader): PlayerCredential {
  if (reader.has('resume')) return { resume: decodeResume(reader.object('resume')) };
  if (reader.has('steamTicket')) return { steamTicket: reader.bytes('steamTicket', MAX_TICKET) };
  if (reader.has('jwt')) return { jwt: reader.text('jwt', 8192) };
  return { accountKey: reader.text('accountKey', 128) };
}

export const encodeServerLogon = (logon: ServerLogon): JsonObject => {
  const { address: _, resume, ...plain } = logon;
  return resume === undefined ? plain : { ...plain, resume: encodeResume(resume) };
};

export const decodeServerLogon = (reader: FieldReader, address: string): ServerLogon => ({
  address,
  token: reader.textOrNull('token', 128),
  appId: reader.nat('appId'),
  product: reader.text('product'),
  version: reader.text('version'),
  mode: reader.nat('mode', 3),
  gamePort: reader.nat('gamePort', 65535),
  queryPort: reader.nat('queryPort', 65535),
  ...(reader.has('resume') ? { resume: decodeResume(reader.object('resume')) } : {}),
});

export const encodeUpload = (upload: SessionUpload): JsonObject => ({
  steamId: upload.steamId.toString(),
  session: upload.session,
  appId: upload.appId,
  authPart: Buffer.from(upload.authPart, 'hex').toString('base64'),
  response: upload.response,
});

/** What is no part of a ticket carries token 0, which none has. */
export const decodeUpload = (reader: FieldReader): SessionUpload => {
  const part = reader.bytes('authPart', MAX_AUTH_PART);
  return {
    steamId: reader.u64('steamId'),
    session: reader.text('session', 64),
    appId: reader.nat('appId'),
    authPart: authPartText(part),
    token: readAuthPart(part)?.token ?? 0n,
    response: reader.natOrNull('response'),
  };
};

export const encodeRegistration = (ticket: TicketRegistration): JsonObject => ({
  handle: ticket.handle,
  appId: ticket.appId,
  authPart: base64(ticket.authPart),
  identity: ticket.identity,
});

export const decodeRegistration = (reader: FieldReader): TicketRegistration => ({
  handle: reader.nat('handle'),
  appId: reader.nat('appId'),
  authPart: reader.bytes('authPart', MAX_AUTH_PART),
  identity: reader.textOrNull('identity'),
});

export const decodeReport = (reader: FieldReader): ServerReport => ({
  version: reader.text('version'),
  product: reader.text('product'),
  players: reader.nat('players'),
  advertised: reader.boolean('advertised'),
});
