import {
  decodeFilter,
  type FilterOperator,
  type FilterTree,
  topLevelValue,
} from './filter-codec.js';
import {
  type Condition,
  compileCondition,
  type Dialect,
  type FilterSubject,
  type FilterTest,
  isWholeNumber,
} from './filter-conditions.js';
import type { Wanted } from './ordered-indexes.js';

/** A compiled filter. */
export interface Filter {
  readonly dialect: Dialect;
  readonly test: FilterTest;
  /** What testing one server takes at most, in units of a few nanoseconds. */
  readonly cost: number;
  /** One server for each address, chosen after the test: `\collapse_addr_hash\1`. */
  readonly collapse: boolean;
  /** Servers of a local network are asked for: `\lan\1` of Xash3D. */
  readonly lan: boolean;
  /** What every server that passes has; undefined where the filter asks for nothing of the kind. */
  readonly wanted: Wanted;
  /** The value of the last top-level pair with that key. */
  value(key: string): string | undefined;
}

/**
 * Compiles a filter text. The dialect is Xash3D's when the text has `\key\` or `\clver\`, as its engine sends.
 * @throws DecodeError when the text is past the limits of a filter
 */
export function compileFilter(text: string, dialect?: Dialect): Filter {
  const tree = decodeFilter(text);
  const chosen = dialect ?? dialectOf(tree);
  const { test, cost } = compileGroup(chosen, 'and', tree, false) ?? everything;
  return {
    dialect: chosen,
    test,
    cost: cost + 1,
    collapse: hasCondition(tree, 'collapse_addr_hash', '1'),
    lan: chosen === 'xash' && topLevelValue(tree, 'lan') === '1',
    wanted: {
      modDir: topLevelValue(tree, 'gamedir'),
      appId: appIdOf(topLevelValue(tree, 'appid')),
    },
    value: (key) => topLevelValue(tree, key),
  };
}

const appIdOf = (text: string | undefined): number | undefined =>
  text !== undefined && isWholeNumber(text) ? Number(text) : undefined;

const dialectOf = (tree: FilterTree): Dialect =>
  topLevelValue(tree, 'key') !== undefined || topLevelValue(tree, 'clver') !== undefined
    ? 'xash'
    : 'valve';

const everything: Condition = { test: () => true, cost: 0 };

const hasCondition = (tree: FilterTree, key: string, value: string): boolean =>
  tree.some((node) =>
    node.kind === 'condition'
      ? node.key === key && node.value === value
      : hasCondition(node.operands, key, value),
  );

/**
 * Negations are pushed down to the conditions, so that only "all" and "any" remain; groups of one kind inside
 * each other become one, and the cheapest test, which often decides, comes first. Undefined for a group that
 * asks for nothing: without operands, or with none but unknown keys.
 */
function compileGroup(
  dialect: Dialect,
  operator: FilterOperator,
  operands: FilterTree,
  negated: boolean,
): Condition | undefined {
  const { inverted, isAll } = meaning(operator, negated);
  const parts: Condition[] = [];
  collect(dialect, operands, inverted, isAll, parts);
  if (parts.length <= 1) return parts[0];
  parts.sort((one, other) => one.cost - other.cost);
  const tests = parts.map(({ test }) => test);
  return {
    test: isAll ? (server) => all(tests, server) : (server) => any(tests, server),
    cost: parts.reduce((sum, { cost }) => sum + cost, 1),
  };
}

/** Puts the operands of a group into `parts`; those of an inner group of the same kind one by one. */
function collect(
  dialect: Dialect,
  operands: FilterTree,
  inverted: boolean,
  isAll: boolean,
  parts: Condition[],
): void {
  for (const node of operands) {
    if (node.kind === 'condition') {
      const condition = compileCondition(dialect, node.key, node.value);
      if (condition !== undefined) parts.push(inverted ? negation(condition) : condition);
      continue;
    }
    const inner = meaning(node.kind, inverted);
    if (inner.isAll === isAll) {
      collect(dialect, node.operands, inner.inverted, isAll, parts);
    } else {
      const group = compileGroup(dialect, node.kind, node.operands, inverted);
      if (group !== undefined) parts.push(group);
    }
  }
}

/** By De Morgan: a negated "all" is an "any" of negated operands, and the reverse. */
const meaning = (
  operator: FilterOperator,
  negated: boolean,
): { readonly inverted: boolean; readonly isAll: boolean } => {
  const inverted = negated !== (operator === 'nor' || operator === 'nand');
  return { inverted, isAll: (operator === 'and' || operator === 'nand') !== inverted };
};

const negation = ({ test, cost }: Condition): Condition => ({
  test: (server) => !test(server),
  cost,
});

const all = (tests: readonly FilterTest[], server: FilterSubject): boolean => {
  for (let i = 0; i < tests.length; i++) if (!(tests[i] as FilterTest)(server)) return false;
  return true;
};

const any = (tests: readonly FilterTest[], server: FilterSubject): boolean => {
  for (let i = 0; i < tests.length; i++) if ((tests[i] as FilterTest)(server)) return true;
  return false;
};
