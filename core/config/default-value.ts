import { ServerError } from '../errors.js';
import { readScalar } from './format-reader.js';
import { wordsOf } from './format-words.js';
import { type Format, isLeaf, type Leaf, type Node } from './schema.js';

/** A default of null that is no value makes the key required. */
export const isRequired = (leaf: Leaf): boolean => leaf.default === null && leaf.nullable !== true;

/** The default as a value, whichever way the schema states it. */
export const defaultOf = (leaf: Leaf): unknown => statedValue(leaf.format, leaf.default);

/** All defaults of a section, or the default of a leaf. */
export function defaultsOf(node: Node): unknown {
  if (isLeaf(node)) return defaultOf(node);
  return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, defaultsOf(child)]));
}

function statedValue(format: Format, stated: unknown): unknown {
  if (stated === null || stated === undefined) return null;
  if (typeof format === 'object' && 'kind' in format) {
    if (format.kind === 'either') {
      return stated === format.word ? stated : statedValue(format.item, stated);
    }
    if (format.kind === 'list') {
      return (stated as unknown[]).map((item) => itemOf(format.item, item));
    }
    const pairs = stated instanceof Map ? [...stated] : Object.entries(stated);
    return new Map(pairs.map(([key, item]) => [key, itemOf(format.item, item)]));
  }
  if (typeof format !== 'string') return stated;
  if (format.endsWith('-endpoints')) return typeof stated === 'string' ? [stated] : stated;
  if (format === 'binds') {
    return (Array.isArray(stated) ? stated : [stated]).map((bind) => statedValue('address', bind));
  }
  if (format === 'uint64' && typeof stated === 'number') return BigInt(stated);
  if (typeof stated !== 'string') return stated;
  const place = { text: 'schema', order: 0 };
  const scalar = { kind: 'scalar', value: stated, text: stated, place } as const;
  const value = readScalar(format as 'duration', scalar);
  if (value !== undefined) return value;
  throw new ServerError('BAD_DEFAULT', `the default "${stated}" must be ${wordsOf(format)}`);
}

function itemOf(item: Node, stated: unknown): unknown {
  if (isLeaf(item)) return statedValue(item.format, stated);
  const given = stated as Record<string, unknown>;
  const entries = Object.entries(item).map(([key, child]) => {
    const value = given[key];
    return [key, value === undefined ? defaultsOf(child) : itemOf(child, value)];
  });
  return Object.fromEntries(entries);
}
