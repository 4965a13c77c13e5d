import {
  encodeInfo,
  encodePlayers,
  encodeRules,
  type SourceInfo,
} from '../../server-browser/a2s-query/index.js';

/** What one server of the fleet is; everything follows from its number. */
export interface PlannedServer {
  readonly number: number;
  readonly host: string;
  readonly port: number;
  /** Milliseconds until it answers. */
  readonly delay: number;
  readonly players: number;
  readonly info: Uint8Array;
  readonly playerList: Uint8Array;
  readonly rules: Uint8Array;
  /** What its join says. */
  readonly values: ReadonlyMap<string, string>;
}

/**
 * Port of all servers of a fleet. Below the ports that systems hand out, and another one for each test run, so
 * that two at the same time do not meet.
 */
export const FLEET_PORT = Number(process.env.FLEET_PORT ?? 20_000 + (process.pid % 12_000));

const GAMES = [
  ['cstrike', 'Counter-Strike: Source', 240, 'de_dust2 de_inferno de_nuke cs_office de_aztec'],
  ['tf', 'Team Fortress', 440, 'ctf_2fort pl_upward koth_viaduct cp_badlands'],
  ['garrysmod', 'Sandbox', 4000, 'gm_construct gm_flatgrass rp_downtown'],
  ['valve', 'Half-Life', 70, 'crossfire boot_camp stalkyard bounce'],
  ['rust', 'Rust', 252490, 'procedural barren'],
  ['hl2mp', 'Half-Life 2 Deathmatch', 320, 'dm_lockdown dm_overwatch'],
] as const;
const NAMES = [
  'Dust Chasers',
  'Сервер «Дніпро»',
  'Ünïcode Arena',
  'Nachtschicht',
  '東京サーバー',
  'Old Friends',
  'Les Amis du Jeudi',
  'Vanilla Forever',
  'Козацька Січ',
  'Chill Zone',
  'Skial',
  'El Rincón',
];
const SUFFIXES = ['24/7', 'no lag', 'fast DL', '100 tick', 'newbies welcome', 'mod pack', 'EU', ''];
const TAGS = ['alltalk', 'pve', 'pvp', 'increased_maxplayers', 'hidden', 'nocrits', 'friendly'];
const PEOPLE = [
  'Ніна',
  'alice',
  'Богдан',
  'x_killer_x',
  '梅',
  'Zoë',
  'grandpa',
  'Олена',
  'mike',
  'S0mbra',
];
const PLAYED = [0, 0, 0, 1, 2, 3, 5, 8, 12, 16, 20, 24, 30, 32];
/** Second number of the address; the countries of the test follow it. */
export const NETWORKS = 40;
export const FIRST_NETWORK = 64;

/** A stable number for each server and question. */
function mixed(number: number, salt: number): number {
  let hash = Math.imul(number + 1, 0x9e3779b1) ^ Math.imul(salt, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
const pick = <T>(all: readonly T[], number: number, salt: number): T =>
  all[mixed(number, salt) % all.length] as T;

export function hostOf(number: number): string {
  const network = FIRST_NETWORK + (number % NETWORKS);
  const host = Math.floor(number / NETWORKS) + 1;
  return `127.${network}.${host >> 8}.${host & 255}`;
}

/** Names that try to break the page, for the first servers. */
export const HOSTILE_NAMES = [
  '<img src=x onerror=alert(1)><script>alert(2)</script>',
  '\u202e\u2067reversed\u2066 ‏שרת العربية\u202d',
  '👩‍👩‍👧‍👦🏴‍☠️🎮 emoji 🔥🔥🔥',
  `Z${'\u0335\u0321\u034f\u0489\u0300'.repeat(60)}algo`,
  '=HYPERLINK("http://evil.example")',
];

/** INFO with a name of any length: a hostile server keeps to no limit. */
function withName(name: string, info: Omit<SourceInfo, 'name'>): Uint8Array {
  const bytes = encodeInfo({ ...info, name: '' });
  return Buffer.concat([bytes.subarray(0, 6), Buffer.from(name), bytes.subarray(6)]);
}

export function plan(number: number, port = FLEET_PORT): PlannedServer {
  const [modDir, game, appId, maps] = pick(GAMES, number, 1);
  const most = pick([16, 24, 32, 32, 64], number, 2);
  const players = number % 97 === 0 ? most : Math.min(most, pick(PLAYED, number, 3));
  const bots = number % 9 === 0 && players < most ? Math.min(2, most - players) : 0;
  const tags = [pick(TAGS, number, 4), pick(TAGS, number, 5)].filter(
    (tag, i, all) => all.indexOf(tag) === i,
  );
  const name =
    HOSTILE_NAMES[number] ??
    `${pick(NAMES, number, 6)} #${number} ${pick(SUFFIXES, number, 7)}`.trim();
  const map = pick(maps.split(' '), number, 8);
  const version = pick(['1.0.0.70', '1.0.0.71', '8622567'], number, 9);
  const hasPassword = number % 11 === 0;
  const isSecure = number % 3 !== 0;
  const isDedicated = number % 7 !== 0;
  return {
    number,
    host: hostOf(number),
    port,
    delay: pick([2, 8, 15, 24, 35, 48, 70, 95, 120, 160, 210], number, 10),
    players,
    info: withName(name, {
      answer: 'source',
      protocol: 17,
      map,
      folder: modDir,
      game,
      appId,
      players: players + bots,
      maxPlayers: most,
      bots,
      serverType: isDedicated ? 'd' : 'l',
      environment: pick(['l', 'l', 'w'], number, 11),
      password: hasPassword,
      secure: isSecure,
      version: number === 7 ? '0.9' : version,
      extra: { gamePort: port, keywords: tags.join(','), gameId: BigInt(appId) },
    }),
    playerList: encodePlayers(
      Array.from({ length: players }, (_, index) => ({
        index,
        name: `${pick(PEOPLE, number + index, 12)}${index > 9 ? index : ''}`,
        score: (players - index) * 3,
        duration: 60 + index * 331.5,
      })),
    ),
    rules: encodeRules(
      Object.entries({ mp_friendlyfire: '1', sv_gravity: '800', motd: `Welcome to #${number}` }),
    ),
    values: new Map(
      Object.entries({
        protocol: '7',
        players: String(players + bots),
        max: String(most),
        bots: String(bots),
        gamedir: modDir,
        map,
        type: isDedicated ? 'd' : 'l',
        password: hasPassword ? '1' : '0',
        secure: isSecure ? '1' : '0',
        os: 'l',
        lan: '0',
        region: '255',
        version,
        product: modDir,
        appid: String(appId),
        gametype: tags.join(','),
        gameport: String(port),
        hostname: name,
      }),
    ),
  };
}
