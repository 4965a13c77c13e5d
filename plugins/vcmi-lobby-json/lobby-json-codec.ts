import { isUtf8 } from 'node:buffer';
import { DecodeError } from 'beaconry';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { encodeFrame } from '../vcmi-lobby/frame-codec.js';
import {
  type ClientMessage,
  clientSchemas,
  type ServerMessage,
  serverSchemas,
} from './message-schemas.js';

/** A frame without payload; receivers ignore it. VCMI global lobby, section 1. */
export const HEARTBEAT: Uint8Array = Buffer.alloc(4);

/** Objects and arrays inside each other, the message itself included. */
const MAX_DEPTH = 5;

/** One frame: length (uint32, little-endian), then the message as JSON in UTF-8. */
export function encodeMessage(message: ClientMessage | ServerMessage): Buffer {
  return encodeFrame(Buffer.from(JSON.stringify(message)));
}

/**
 * Reads the payload of a frame from a game client or a match server. Bytes that are no UTF-8 become lone
 * surrogates, so that whoever handles a text can tell. Everything else that is not exactly as the schema of
 * its type says throws {@link DecodeError}.
 */
export const decodeClientMessage: (payload: Uint8Array) => ClientMessage = decoder(clientSchemas);

/** Reads the payload of a frame from a lobby; errors as above. */
export const decodeServerMessage: (payload: Uint8Array) => ServerMessage = decoder(serverSchemas);

type MessageSchema = TSchema & {
  readonly properties: { readonly type: { readonly const: string } };
};

function decoder<M>(schemas: readonly MessageSchema[]): (payload: Uint8Array) => M {
  const checks = new Map(
    schemas.map((schema) => [schema.properties.type.const, Compile(schema)] as const),
  );
  return (payload) => {
    checkDepth(payload);
    const value = parse(payload);
    const type = typeOf(value);
    const check = checks.get(type);
    if (check === undefined) throw new DecodeError('unexpected', 0, `no message of type ${type}`);
    if (!check.Check(value)) throw new DecodeError('invalid', 0, `members of ${type} are wrong`);
    return value as M;
  };
}

function typeOf(value: unknown): string {
  const isObject = typeof value === 'object' && value !== null && Object.hasOwn(value, 'type');
  const type = isObject ? (value as { readonly type: unknown }).type : undefined;
  if (typeof type !== 'string') throw new DecodeError('invalid', 0, 'no object with a type');
  return type;
}

function parse(payload: Uint8Array): unknown {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const text = bytes.toString();
  try {
    return JSON.parse(isUtf8(bytes) ? text : text.replaceAll('\ufffd', '\ud800'));
  } catch {
    throw new DecodeError('invalid', 0, 'no JSON');
  }
}

const [QUOTE, BACKSLASH, OPEN_LIST, CLOSE_LIST, OPEN, CLOSE] = Buffer.from(
  '"\\[]{}',
) as Iterable<number> as [number, number, number, number, number, number];

/** Looked at before anything is built from the text; these bytes are never part of a longer character. */
function checkDepth(payload: Uint8Array): void {
  let depth = 0;
  let inText = false;
  for (let i = 0; i < payload.length; i++) {
    const byte = payload[i];
    if (byte === QUOTE) inText = !inText;
    else if (inText) {
      if (byte === BACKSLASH) i++;
    } else if (byte === OPEN || byte === OPEN_LIST) {
      if (++depth > MAX_DEPTH) throw new DecodeError('invalid', i, 'nested too deeply');
    } else if (byte === CLOSE || byte === CLOSE_LIST) depth--;
  }
}
