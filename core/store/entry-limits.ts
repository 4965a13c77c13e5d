import { ServerError } from '../errors.js';
import type { Json } from './store.js';

const maxKeyLength = 512;
/** Most bytes of JSON in UTF-8 that a value may have. */
export const maxValueBytes = 1024 * 1024;
/** Most entries that one scan returns, whatever its limit says. */
export const maxScanLimit = 10_000;
const maxNamespaceLength = 512;

/** Refuses keys that a driver could not keep or sort; code `STORE_KEY`. */
export function checkKey(key: string): void {
  if (typeof key !== 'string' || key.length === 0 || key.length > maxKeyLength) {
    const length = typeof key === 'string' ? `${key.length} characters` : typeof key;
    throw new ServerError(
      'STORE_KEY',
      `a store key has 1 to ${maxKeyLength} characters, this one is ${length}: ${excerpt(key)}`,
    );
  }
  checkText(key);
}

/** Refuses text that has no UTF-8 form or would end early in a driver; code `STORE_KEY`. */
export function checkText(text: string): void {
  if (isSuspect(text) && /\p{Surrogate}|\0/u.test(text)) {
    throw new ServerError(
      'STORE_KEY',
      `a store key holds neither NUL nor half a surrogate pair: ${excerpt(text)}`,
    );
  }
}

/** Joins the names of nested namespaces; code `STORE_NAMESPACE`. */
export function joinNamespace(parent: string, name: string): string {
  const joined = parent === '' ? name : `${parent}/${name}`;
  if (name === '' || name.includes('/') || joined.length > maxNamespaceLength) {
    throw new ServerError(
      'STORE_NAMESPACE',
      `the name of a store namespace has no '/' and, with those around it, at most ${maxNamespaceLength} characters: ${excerpt(joined)}`,
    );
  }
  checkText(name);
  return joined;
}

/** The JSON text of a value; code `STORE_VALUE` when it is not JSON or too large. */
export function encodeValue(key: string, value: Json): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new ServerError('STORE_VALUE', `the value of ${excerpt(key)} is not plain JSON`, {
      cause,
    });
  }
  if (text === undefined) {
    throw new ServerError(
      'STORE_VALUE',
      `the value of ${excerpt(key)} is undefined; use delete() to remove an entry`,
    );
  }
  if (text.length > maxValueBytes || Buffer.byteLength(text) > maxValueBytes) {
    throw new ServerError(
      'STORE_VALUE',
      `the value of ${excerpt(key)} has ${Buffer.byteLength(text)} bytes of JSON; ${maxValueBytes} are allowed, split it over several keys`,
    );
  }
  return text;
}

/** Whether there is a NUL or any surrogate, paired or not: hardly a key has one, and this is quicker than the expression. */
function isSuspect(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0 || (unit & 0xf800) === 0xd800) return true;
  }
  return false;
}

const excerpt = (key: unknown): string => JSON.stringify(String(key).slice(0, 64));
