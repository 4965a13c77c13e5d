import convict from 'convict';
import { defaultOf, defaultsOf } from './default-value.js';
import { isLeaf, type Node, type Section } from './schema.js';

/** The values that were given and right, nested as their schema is. */
export type Read = { readonly [key: string]: unknown };

/** One section: convict merges what was read into the defaults; it sees only values that are already right. */
export function mergeDefaults(section: Section, read: Read): unknown {
  const merged = convict(forConvict(section) as convict.Schema<unknown>, { args: [], env: {} });
  merged.load(boxed(section, read)).validate({ allowed: 'strict' });
  return unboxed(section, merged.getProperties());
}

/** The same for one item of a list or record, of which there may be thousands: without a convict each. */
export const withDefaults = (section: Section, read: Read): unknown =>
  Object.fromEntries(
    Object.entries(section).map(([key, node]) => {
      if (!isLeaf(node)) return [key, withDefaults(node, (read[key] ?? {}) as Read)];
      return [key, key in read ? read[key] : defaultsOf(node)];
    }),
  );

/**
 * Each leaf travels through convict in a one-element array, because convict flattens objects, cuts keys at
 * dots and coerces text.
 */
const forConvict = (section: Section): unknown =>
  Object.fromEntries(
    Object.entries(section).map(([key, node]) => {
      if (!isLeaf(node)) return [key, forConvict(node)];
      const { doc, sensitive = false } = node;
      return [key, { doc, format: Array, default: [defaultOf(node)], sensitive }];
    }),
  );

const boxed = (section: Section, read: Read): object =>
  Object.fromEntries(
    Object.entries(read).map(([key, value]) => {
      const node = section[key] as Node;
      return [key, isLeaf(node) ? [value] : boxed(node, value as Read)];
    }),
  );

const unboxed = (section: Section, values: unknown): unknown =>
  Object.fromEntries(
    Object.entries(section).map(([key, node]) => {
      const value = (values as Record<string, unknown>)[key];
      return [key, isLeaf(node) ? (value as [unknown])[0] : unboxed(node, value)];
    }),
  );
