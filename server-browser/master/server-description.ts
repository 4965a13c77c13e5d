import type { ServerDescription } from './public.js';

/** A name is shown, matched and kept; nobody needs more of it. */
const longestName = 255;

/**
 * What a join says, brought into range: numbers are clamped, what cannot be read counts as not said.
 * Keys that a server has no business to set (`address`, `white`...) have no effect.
 */
export function describeServer(values: ReadonlyMap<string, string>): ServerDescription {
  const text = (key: string): string => values.get(key) ?? '';
  const flag = (key: string): boolean => values.get(key) === '1';
  return {
    protocol: clamped(values.get('protocol'), 0xffff),
    players: clamped(values.get('players'), 255),
    maxPlayers: clamped(values.get('max'), 255),
    bots: clamped(values.get('bots'), 255),
    name: whole(text('hostname').slice(0, longestName)),
    map: text('map'),
    modDir: text('gamedir'),
    product: text('product'),
    version: text('version'),
    appId: clamped(values.get('appid'), 0xffffffff),
    serverType: serverTypeOf(text('type'), flag('dedicated')),
    os: osOf(text('os')),
    password: flag('password'),
    secure: flag('secure'),
    lan: flag('lan'),
    nat: flag('nat'),
    region: regionOf(values.get('region')),
    tags: text('gametype'),
    gameData: text('gamedata'),
    gamePort: clamped(values.get('gameport'), 0xffff) || null,
    spectatorPort: clamped(values.get('specport'), 0xffff) || null,
  };
}

/** Without the half of a character that cutting has left at the end. */
const whole = (text: string): string => text.replace(/[\ud800-\udbff]$/, '');

/** 0 for anything that is not a whole number of at most ten digits, or is negative. */
const clamped = (text: string | undefined, most: number): number =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Math.min(Number(text), most) : 0;

const serverTypeOf = (type: string, dedicated: boolean): ServerDescription['serverType'] => {
  if (type === 'd' || type === 'l' || type === 'p') return type;
  return dedicated ? 'd' : '';
};

const osOf = (os: string): ServerDescription['os'] =>
  os === 'l' || os === 'w' || os === 'm' || os === 'o' ? os : '';

const regionOf = (text: string | undefined): number =>
  text !== undefined && /^[0-7]$/.test(text) ? Number(text) : 255;
