import { DecodeError } from 'beaconry';

/** Operators are prefix; the number in the text counts every pair inside, nested ones included. */
export type FilterOperator = 'nor' | 'nand' | 'or' | 'and';

export type FilterNode =
  | { readonly kind: 'condition'; readonly key: string; readonly value: string }
  | { readonly kind: FilterOperator; readonly operands: readonly FilterNode[] };

/** A filter as it was written: every condition of the list must hold. */
export type FilterTree = readonly FilterNode[];

/** A filter past one of these is refused, so that a stranger cannot make one expensive. */
export const filterLimits = { bytes: 1024, pairs: 64, depth: 16 } as const;

const operators: ReadonlySet<string> = new Set<FilterOperator>(['nor', 'nand', 'or', 'and']);
const isOperator = (key: string): key is FilterOperator => operators.has(key);

/**
 * Reads `\key\value\...`; the first backslash may be missing, as in many calls of the Steam Web API, and a
 * key at the end without a value is ignored. A count that is no number, negative or larger than what is
 * left of its group is cut to what is left.
 * @throws DecodeError when the filter is past {@link filterLimits}
 */
export function decodeFilter(text: string): FilterTree {
  if (text.length > filterLimits.bytes || Buffer.byteLength(text) > filterLimits.bytes) {
    throw new DecodeError('invalid', filterLimits.bytes, 'a filter that is too long');
  }
  const parts = (text.startsWith('\\') ? text.slice(1) : text).split('\\');
  const pairs = Math.floor(parts.length / 2);
  if (pairs > filterLimits.pairs) {
    throw new DecodeError(
      'invalid',
      text.length,
      `a filter of more than ${filterLimits.pairs} pairs`,
    );
  }
  return decodeGroup(parts, 0, pairs, 0);
}

function decodeGroup(
  parts: readonly string[],
  start: number,
  end: number,
  depth: number,
): FilterNode[] {
  if (depth > filterLimits.depth) {
    throw new DecodeError('invalid', start, `a filter nested deeper than ${filterLimits.depth}`);
  }
  const nodes: FilterNode[] = [];
  let pair = start;
  while (pair < end) {
    const key = parts[pair * 2] as string;
    const value = parts[pair * 2 + 1] as string;
    pair++;
    if (isOperator(key)) {
      const groupEnd = Math.min(end, pair + countOf(value, end - pair));
      nodes.push({ kind: key, operands: decodeGroup(parts, pair, groupEnd, depth + 1) });
      pair = groupEnd;
    } else {
      nodes.push({ kind: 'condition', key, value });
    }
  }
  return nodes;
}

const countOf = (text: string, left: number): number =>
  /^\d{1,9}$/.test(text) ? Math.min(Number(text), left) : left;

/** Writes a tree as text, with the counts that the grammar wants. */
export function encodeFilter(tree: FilterTree): string {
  return tree
    .map((node) =>
      node.kind === 'condition'
        ? `\\${node.key}\\${node.value}`
        : `\\${node.kind}\\${countPairs(node.operands)}${encodeFilter(node.operands)}`,
    )
    .join('');
}

/** Pairs of a tree, operators included. */
export const countPairs = (tree: FilterTree): number =>
  tree.reduce(
    (sum, node) => sum + 1 + (node.kind === 'condition' ? 0 : countPairs(node.operands)),
    0,
  );

/** The value of the last top-level pair with that key. */
export function topLevelValue(tree: FilterTree, key: string): string | undefined {
  let value: string | undefined;
  for (const node of tree) if (node.kind === 'condition' && node.key === key) value = node.value;
  return value;
}
