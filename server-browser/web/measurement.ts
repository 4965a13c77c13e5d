import type { InfoAnswer } from 'beaconry/a2s-query';
import type { Registration } from 'beaconry/plugins/master';
import type { ListedServer } from './listed-server.js';

/** Characters of a text that are kept; answers may be much longer. */
const LONGEST = 256;
/** Of a server with fewer claimed players, the list may lag behind the count. */
const FEW = 8;
/** 48 is GoldSrc's too, which counts as Source does. */
const XASH_PROTOCOL = 49;

/** One answer to INFO, as the list shows it. */
export interface Measurement {
  /** Unix milliseconds. */
  readonly at: number;
  /** Milliseconds. */
  readonly ping: number;
  readonly name: string;
  readonly map: string;
  readonly game: string;
  readonly modDir: string;
  readonly appId: number | undefined;
  readonly version: string | undefined;
  /** Without bots. */
  readonly players: number;
  readonly maxPlayers: number;
  readonly bots: number;
  readonly password: boolean | undefined;
  readonly secure: boolean | undefined;
  readonly serverType: string | undefined;
  readonly os: string | undefined;
  readonly tags: readonly string[] | undefined;
  readonly gamePort: number | undefined;
  readonly steamId: string | undefined;
}

export const cut = (text: string): string => text.slice(0, LONGEST);
const letter = (text: string): string => text.toLowerCase();

/** Tags as a list, without empty ones. */
export const tagsOf = (text: string): string[] =>
  text
    .split(',')
    .map((tag) => cut(tag.trim()))
    .filter((tag) => tag !== '')
    .slice(0, 64);

// COMPAT: servers count bots among their players; those of Xash3D do not.
const humans = (players: number, bots: number): number => Math.max(0, players - bots);

export function measurementOf(info: InfoAnswer, ping: number, at: number): Measurement {
  const { name, map, folder, game, players, maxPlayers } = info;
  const bots = info.answer === 'pre-steam' ? 0 : info.bots;
  const source = info.answer === 'source' ? info : undefined;
  const xash =
    info.protocol === XASH_PROTOCOL || (source !== undefined && source.extra === undefined);
  const modern = info.answer === 'pre-steam' ? undefined : info;
  return {
    at,
    ping: Math.round(ping),
    name: cut(name),
    map: cut(map),
    game: cut(game),
    modDir: cut(folder),
    appId: source?.appId,
    version: source && cut(source.version),
    players: xash ? players : humans(players, bots),
    maxPlayers,
    bots,
    password: modern?.password,
    secure: modern?.secure,
    serverType: modern && letter(modern.serverType),
    os: modern && letter(modern.environment),
    tags: source?.extra?.keywords === undefined ? undefined : tagsOf(source.extra.keywords),
    gamePort: source?.extra?.gamePort,
    steamId: source?.extra?.steamId?.toString(),
  };
}

/** A registration as a line of the list: what the server says of itself. */
export const announced = (registration: Registration): Omit<ListedServer, 'source'> => ({
  address: registration.address.toString(),
  gamePort: registration.gamePort ?? registration.address.port,
  queryPort: registration.address.port,
  name: cut(registration.name),
  map: cut(registration.map),
  game: cut(registration.product),
  modDir: cut(registration.modDir),
  appId: registration.appId,
  version: cut(registration.version),
  product: cut(registration.product),
  tags: tagsOf(registration.tags),
  gameData: registration.gameData,
  region: registration.region,
  players:
    registration.protocol === XASH_PROTOCOL
      ? registration.players
      : humans(registration.players, registration.bots),
  maxPlayers: registration.maxPlayers,
  bots: registration.bots,
  password: registration.password,
  secure: registration.secure,
  dedicated: registration.serverType === 'd',
  os: registration.os,
  verified: false,
  lastSeen: new Date(registration.lastSeen).toISOString(),
  flags: [],
  ...(registration.fakeIp ? { fakeIp: registration.address.toString() } : {}),
});

/** The line with what was measured in place of what was announced. */
export const measured = <S extends Omit<ListedServer, 'source'>>(
  server: S,
  one: Measurement,
): S => ({
  ...server,
  name: one.name,
  map: one.map,
  game: one.game === '' ? server.game : one.game,
  modDir: one.modDir,
  appId: one.appId ?? server.appId,
  version: one.version ?? server.version,
  tags: one.tags ?? server.tags,
  gamePort: one.gamePort ?? server.gamePort,
  players: one.players,
  maxPlayers: one.maxPlayers,
  bots: one.bots,
  password: one.password ?? server.password,
  secure: one.secure ?? server.secure,
  dedicated: one.serverType === undefined ? server.dedicated : one.serverType === 'd',
  os: one.os ?? server.os,
  ...(one.steamId === undefined ? {} : { steamId: one.steamId }),
  ping: one.ping,
  verified: true,
  measuredAt: new Date(one.at).toISOString(),
  ...(one.at > Date.parse(server.lastSeen) ? { lastSeen: new Date(one.at).toISOString() } : {}),
});

/** Where answers differ from what the same server registered. Names, maps and counts change between the two. */
export function contradictions(said: Omit<ListedServer, 'source'>, one: Measurement): string[] {
  const flags: string[] = [];
  const differs = (told: string | undefined, answer: string | undefined) =>
    told !== undefined && answer !== undefined && told !== '' && answer !== '' && told !== answer;
  const appId = one.appId === 0 || said.appId === 0 ? undefined : one.appId;
  if (
    differs(said.modDir.toLowerCase(), one.modDir.toLowerCase()) ||
    // INFO without a game id has 16 bits of it.
    (appId !== undefined && (appId & 0xffff) !== (said.appId & 0xffff))
  ) {
    flags.push('contradicts-game');
  }
  if (differs(said.version, one.version)) flags.push('contradicts-version');
  if (said.maxPlayers !== one.maxPlayers) flags.push('contradicts-max-players');
  if (one.password !== undefined && said.password !== one.password) {
    flags.push('contradicts-password');
  }
  return flags;
}

/** More players are claimed than the server can name. */
export const claimsMorePlayers = (one: Measurement, named: number): boolean =>
  one.players >= FEW && named * 2 < one.players;
