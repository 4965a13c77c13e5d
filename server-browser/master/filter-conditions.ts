import { PeerAddress } from 'beaconry';
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

/** One compiled condition. */
export interface Condition {
  readonly test: FilterTest;
  /** What testing one server takes, in units of a few nanoseconds. */
  readonly cost: number;
}

/** A condition of a filter; undefined for keys the dialect does not know and values that ask for nothing. */
export const compileCondition = (
  dialect: Dialect,
  key: string,
  value: string,
): Condition | undefined =>
  Object.hasOwn(conditions[dialect], key) ? conditions[dialect][key]?.(value) : undefined;

type Compile = (value: string) => Condition | undefined;
type TextOf = (server: FilterSubject) => string;

const plain = (test: FilterTest): Condition => ({ test, cost: 1 });

/** Valve defines only the value 1 of a flag; anything else asks for nothing. */
const whenSet =
  (test: FilterTest): Compile =>
  (value) =>
    value === '1' ? plain(test) : undefined;

/** Xash3D, and Valve's `\password\`, compare a flag with the value: 0 asks for those without it. */
const equalTo =
  (flag: FilterTest): Compile =>
  (value) => {
    if (value === '1') return plain(flag);
    return value === '0' ? plain((server) => !flag(server)) : undefined;
  };

/** A number that a condition understands; another text asks for nothing. */
export const isWholeNumber = (text: string): boolean => /^\d{1,10}$/.test(text);

const withNumber =
  (make: (number: number) => FilterTest): Compile =>
  (value) =>
    isWholeNumber(value) ? plain(make(Number(value))) : undefined;

const matching =
  (textOf: TextOf): Compile =>
  (value) => {
    const matches = compileWildcard(value);
    return { test: (server) => matches(textOf(server)), cost: 4 + 4 * value.split('*').length };
  };

/** The text lists all, any or none of the tags that the value names. */
const tagged =
  (textOf: TextOf, wanted: 'all' | 'any' | 'none'): Compile =>
  (value) => {
    const tags = value.split(',').filter((tag) => tag !== '');
    if (tags.length === 0) return undefined;
    const cost = 8 * tags.length;
    if (wanted === 'all') {
      return { cost, test: (server) => tags.every((tag) => hasTag(textOf(server), tag)) };
    }
    const any: FilterTest = (server) => tags.some((tag) => hasTag(textOf(server), tag));
    return { cost, test: wanted === 'any' ? any : (server) => !any(server) };
  };

/** `ip`, `ip:port`, `[ip]:port`; an address that cannot be read holds for no server. */
const atAddress =
  (hasPort: (server: FilterSubject, port: number) => boolean): Compile =>
  (value) => {
    const wanted = PeerAddress.parse(value);
    if (wanted !== undefined) {
      return plain((server) => server.address.sameHost(wanted) && hasPort(server, wanted.port));
    }
    const host = PeerAddress.parse(`${value.includes(':') ? `[${value}]` : value}:0`);
    return plain((server) => host?.sameHost(server.address) ?? false);
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

const isEmpty: FilterTest = (server) => server.players === 0;
const hasPlayers: FilterTest = (server) => server.players > 0;
const isFull: FilterTest = (server) => server.players >= server.maxPlayers;
const hasRoom: FilterTest = (server) => server.players < server.maxPlayers;
const isDedicated: FilterTest = (server) => server.serverType === 'd';
const isProxy: FilterTest = (server) => server.serverType === 'p';
const isSecure: FilterTest = (server) => server.secure;
const isLinux: FilterTest = (server) => server.os === 'l';
const hasPassword: FilterTest = (server) => server.password;
const isWhitelisted: FilterTest = (server) => server.whitelisted;
const tagsOf: TextOf = (server) => server.tags;
const hiddenTagsOf: TextOf = (server) => server.gameData;

/** What means the same in both dialects. */
const shared: Readonly<Record<string, Compile>> = {
  gamedir: (value) => ({ test: (server) => server.modDir === value, cost: 2 }),
  map: (value) => ({ test: (server) => server.map === value, cost: 2 }),
  type: (value) => plain((server) => server.serverType === value),
  noplayers: whenSet(isEmpty),
  hasplayers: whenSet(hasPlayers),
  notfull: whenSet(hasRoom),
  white: whenSet(isWhitelisted),
  appid: withNumber((id) => (server) => server.appId === id),
  napp: withNumber((id) => (server) => server.appId !== id),
  gametype: tagged(tagsOf, 'all'),
  gametagsand: tagged(tagsOf, 'all'),
  gametagsnor: tagged(tagsOf, 'none'),
  gamedata: tagged(hiddenTagsOf, 'all'),
  gamedataand: tagged(hiddenTagsOf, 'all'),
  gamedataor: tagged(hiddenTagsOf, 'any'),
  gamedatanor: tagged(hiddenTagsOf, 'none'),
  name_match: matching((server) => server.name),
  version_match: matching((server) => server.version),
  gameaddr: atAddress((server, port) => port === server.address.port || port === server.gamePort),
  addr: atAddress((server, port) => port === server.address.port),
};

/** The meaning of each key, dialect by dialect; note `empty` and `full`. */
const conditions: Readonly<Record<Dialect, Readonly<Record<string, Compile>>>> = {
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
    protocol: withNumber((version) => (server) => server.protocol === version),
    lan: equalTo((server) => server.lan),
    nat: equalTo((server) => server.nat),
    bots: equalTo((server) => server.bots > 0),
  },
};
