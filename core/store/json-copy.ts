import { encodeValue, maxValueBytes } from './entry-limits.js';
import type { Json } from './store.js';

/** Deeper values take the way over text, which has the same result. */
const maxDepth = 32;
/** Most bytes of JSON that one character, and one number, boolean or null, can become. */
const bytesPerCharacter = 6;
const bytesPerScalar = 25;

/** A copy of a value that is known to be plain JSON; several times as quick as text and back. */
export function copyJson<T extends Json>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyJson) as unknown as T;
  const copy = { ...value } as Record<string, Json>;
  for (const key in copy) {
    const member = copy[key];
    if (typeof member === 'object' && member !== null) copy[key] = copyJson(member);
  }
  return copy as T;
}

/** Bytes that the copy being made may still grow by. */
let room = 0;

/** A copy of the value as JSON would bring it back; code `STORE_VALUE` when it is not JSON or too large. */
export function jsonOf(key: string, value: Json): Json {
  room = maxValueBytes;
  return plainCopy(value, 0) ?? (JSON.parse(encodeValue(key, value)) as Json);
}

/** Undefined when text and back might change anything, or refuse: that way decides then. */
function plainCopy(value: unknown, depth: number): Json | undefined {
  switch (typeof value) {
    case 'string':
      room -= bytesPerCharacter * value.length + 2;
      return room < 0 ? undefined : value;
    case 'number':
      room -= bytesPerScalar;
      return Number.isFinite(value) && !Object.is(value, -0) && room >= 0 ? value : undefined;
    case 'boolean':
      room -= bytesPerScalar;
      return room < 0 ? undefined : value;
    case 'object':
      room -= bytesPerScalar;
      if (value === null) return room < 0 ? undefined : value;
      if (room < 0 || depth === maxDepth) return undefined;
      return Array.isArray(value) ? plainArray(value, depth + 1) : plainObject(value, depth + 1);
    default:
      return undefined;
  }
}

function plainArray(value: readonly unknown[], depth: number): Json | undefined {
  const copy: Json[] = [];
  for (let i = 0; i < value.length; i++) {
    const member = plainCopy(value[i], depth);
    if (member === undefined) return undefined;
    copy.push(member);
  }
  return copy;
}

function plainObject(value: object, depth: number): Json | undefined {
  if (Object.getPrototypeOf(value) !== Object.prototype) return undefined;
  // Spreading keeps the shape, which is quicker than adding one member after another.
  const copy = { ...value } as Record<string, Json>;
  for (const key in copy) {
    room -= bytesPerCharacter * key.length + 4;
    const member = plainCopy(copy[key], depth);
    if (member === undefined) return undefined;
    if (typeof member === 'object') copy[key] = member;
  }
  return copy;
}
