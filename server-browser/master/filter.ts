import { PeerAddress } from 'beaconry';
import {
  countPairs,
  decodeFilter,
  type FilterNode,
  type FilterTree,
  topLevelValue,
} from './filter-codec.js';
import type { ServerDescription } from './public.js';
import { compileWildcard } from './wildcard.js';

/** What a filter can be asked about: a registration, or a server known from elsewhere. */
export interface FilterSubject extends ServerDescription {
  /** Where it is queried. */
  readonly address: PeerAddress;
  readonly whitelisted: boolean;
}
export type FilterTest = (server: FilterSubject) => boolean;

/** The same words mean different things to clients of Valve's masters and of Xash3D's. */
export type Dialect = 'valve' | 'xash';

/** A compiled filter. */
export interface Filter {
  readonly dialect: Dialect;
  readonly test: FilterTest;
  /** One server for each address, chosen after the test: `\collapse_addr_hash\1`. */
  readonly collapse: boolean;
  /** Servers of a local network are asked for: `\lan\1` of Xash3D. */
  readonly lan: boolean;
  /** Pairs in the text: what testing one server may cost. */
  readonly pairs: number;
}

/**
 * Compiles a filter text. The dialect is Xash3D's when the text has `\key\` or `\clver\`, as its engine sends.
 * @throws DecodeError when the text is past the limits of a filter
 */
export function compileFilter(text: string, dialect?: Dialect): Filter {
  const tree = decodeFilter(text);
  const chosen = dialect ?? dialectOf(tree);
  return {
    dialect: chosen,
    test: compileGroup('and', tree, conditions[chosen]) ?? everything,
    collapse: hasCondition(tree, 'collapse_addr_hash', '1'),
    lan: chosen === 'xash' && topLevelValue(tree, 'lan') === '1',
    pairs: countPairs(tree),
  };
}

export const dialectOf = (tree: FilterTree): Dialect =>
  topLevelValue(tree, 'key') !== undefined || topLevelValue(tree, 'clver') !== undefined
    ? 'xash'
    : 'valve';

const everything: FilterTest = () => true;

const hasCondition = (tree: FilterTree, key: string, value: string): boolean =>
  tree.some((node) =>
    node.kind === 'condition'
      ? node.key === key && node.value === value
      : hasCondition(node.operands, key, value),
  );

type Conditions = Readonly<Record<string, (value: string) => FilterTest | undefined>>;

/** Undefined for what says nothing: unknown keys, and operators over nothing but those. */
function compileNode(node: FilterNode, known: Conditions): FilterTest | undefined {
  if (node.kind !== 'condition') return compileGroup(node.kind, node.operands, known);
  return Object.hasOwn(known, node.key) ? known[node.key]?.(node.value) : undefined;
}

function compileGroup(
  operator: 'nor' | 'nand' | 'or' | 'and',
  nodes: FilterTree,
  known: Conditions,
): FilterTest | undefined {
  const tests = nodes.map((node) => compileNode(node, known)).filter((test) => test !== undefined);
  if (tests.length === 0) return undefined;
  const [first] = tests;
  switch (operator) {
    case 'and':
      return tests.length === 1 ? first : (server) => all(tests, server);
    case 'nand':
      return (server) => !all(tests, server);
    case 'or':
      return tests.length === 1 ? first : (server) => any(tests, server);
    case 'nor':
      return (server) => !any(tests, server);
  }
}

const all = (tests: readonly FilterTest[], server: FilterSubject): boolean => {
  for (let i = 0; i < tests.length; i++) if (!(tests[i] as FilterTest)(server)) return false;
  return true;
};

const any = (tests: readonly FilterTest[], server: FilterSubject): boolean => {
  for (let i = 0; i < tests.length; i++) if ((tests[i] as FilterTest)(server)) return true;
  return false;
};

/** Valve defines only the value 1 of a flag; anything else asks for nothing. */
const whenSet =
  (test: FilterTest) =>
  (value: string): FilterTest | undefined =>
    value === '1' ? test : undefined;

/** Xash3D, and Valve's `\password\`, compare a flag with the value: 0 asks for those without it. */
const equalTo =
  (flag: FilterTest) =>
  (value: string): FilterTest | undefined => {
    if (value === '1') return flag;
    return value === '0' ? (server) => !flag(server) : undefined;
  };

const isEmpty: FilterTest = (server) => server.players === 0;
const hasPlayers: FilterTest = (server) => server.players > 0;
const isFull: FilterTest = (server) => server.players >= server.maxPlayers;
const hasRoom: FilterTest = (server) => server.players < server.maxPlayers;
const isDedicated: FilterTest = (server) => server.serverType === 'd';
const isSecure: FilterTest = (server) => server.secure;
const isLinux: FilterTest = (server) => server.os === 'l';
const hasPassword: FilterTest = (server) => server.password;
const isProxy: FilterTest = (server) => server.serverType === 'p';
const isWhitelisted: FilterTest = (server) => server.whitelisted;

/** What means the same in both dialects. */
const shared: Conditions = {
  gamedir: (value) => (server) => server.modDir === value,
  map: (value) => (server) => server.map === value,
  type: (value) => (server) => server.serverType === value,
  noplayers: whenSet(isEmpty),
  hasplayers: whenSet(hasPlayers),
  notfull: whenSet(hasRoom),
  white: whenSet(isWhitelisted),
  appid: (value) => withNumber(value, (id) => (server) => server.appId === id),
  napp: (value) => withNumber(value, (id) => (server) => server.appId !== id),
  gametype: (value) => allTags(value, (server) => server.tags),
  gametagsand: (value) => allTags(value, (server) => server.tags),
  gametagsnor: (value) => noTags(value, (server) => server.tags),
  gamedata: (value) => allTags(value, (server) => server.gameData),
  gamedataand: (value) => allTags(value, (server) => server.gameData),
  gamedataor: (value) => anyTag(value, (server) => server.gameData),
  gamedatanor: (value) => noTags(value, (server) => server.gameData),
  name_match: (value) => {
    const matches = compileWildcard(value);
    return (server) => matches(server.name);
  },
  version_match: (value) => {
    const matches = compileWildcard(value);
    return (server) => matches(server.version);
  },
  gameaddr: (value) =>
    atAddress(value, (server, port) => port === server.address.port || port === server.gamePort),
  addr: (value) => atAddress(value, (server, port) => port === server.address.port),
};

/** The meaning of each key, dialect by dialect; note `empty` and `full`. */
const conditions: Readonly<Record<Dialect, Conditions>> = {
  valve: {
    ...shared,
    empty: whenSet(hasPlayers),
    full: whenSet(hasRoom),
    password: equalTo(hasPassword),
    dedicated: whenSet(isDedicated),
    secure: whenSet(isSecure),
    linux: whenSet(isLinux),
    proxy: whenSet(isProxy),
  },
  xash: {
    ...shared,
    empty: equalTo(isEmpty),
    full: equalTo(isFull),
    password: equalTo(hasPassword),
    dedicated: equalTo(isDedicated),
    secure: equalTo(isSecure),
    linux: equalTo(isLinux),
    proxy: equalTo(isProxy),
    protocol: (value) => withNumber(value, (version) => (server) => server.protocol === version),
    lan: equalTo((server) => server.lan),
    nat: equalTo((server) => server.nat),
    bots: equalTo((server) => server.bots > 0),
  },
};

const withNumber = (value: string, make: (number: number) => FilterTest): FilterTest | undefined =>
  /^\d{1,10}$/.test(value) ? make(Number(value)) : undefined;

type TextOf = (server: FilterSubject) => string;
const tagsOf = (value: string): readonly string[] => value.split(',').filter((tag) => tag !== '');

const allTags = (value: string, textOf: TextOf): FilterTest | undefined => {
  const tags = tagsOf(value);
  if (tags.length === 0) return undefined;
  return (server) => {
    const text = textOf(server);
    return tags.every((tag) => hasTag(text, tag));
  };
};

const anyTag = (value: string, textOf: TextOf): FilterTest | undefined => {
  const tags = tagsOf(value);
  if (tags.length === 0) return undefined;
  return (server) => {
    const text = textOf(server);
    return tags.some((tag) => hasTag(text, tag));
  };
};

const noTags = (value: string, textOf: TextOf): FilterTest | undefined => {
  const some = anyTag(value, textOf);
  return some && ((server) => !some(server));
};

const comma = 0x2c;

/** Whether a comma-separated list holds the tag, without taking it apart. */
const hasTag = (list: string, tag: string): boolean => {
  let at = list.indexOf(tag);
  while (at !== -1) {
    const end = at + tag.length;
    const begins = at === 0 || list.charCodeAt(at - 1) === comma;
    if (begins && (end === list.length || list.charCodeAt(end) === comma)) return true;
    at = list.indexOf(tag, at + 1);
  }
  return false;
};

/** `ip`, `ip:port`, `[ip]:port`; an address that cannot be read holds for no server. */
const atAddress = (
  value: string,
  hasPort: (server: FilterSubject, port: number) => boolean,
): FilterTest => {
  const server = PeerAddress.parse(value);
  if (server !== undefined) {
    return (subject) => subject.address.sameHost(server) && hasPort(subject, server.port);
  }
  const host = PeerAddress.parse(`${value.includes(':') ? `[${value}]` : value}:0`);
  return (subject) => host?.sameHost(subject.address) ?? false;
};
