import type { GamePlayer, GameServerSnapshot } from 'beaconry/plugins/game-server';
import {
  encodeGameServerMessage,
  longestGameServerMessage,
} from '../../server-browser/master/heartbeat-codec.js';

/** Longest texts of a join, in bytes of UTF-8. */
const limits = { name: 255, tags: 255, other: 64 } as const;
/** As many digits as a challenge may have. */
const widestChallenge = 4294967295;

/**
 * All that a join says, as pairs of texts that need no escaping, in their usual order; the challenge keeps
 * a place, see {@link withChallenge}.
 */
export function joinValues(
  snapshot: GameServerSnapshot,
  players: readonly GamePlayer[],
): ReadonlyMap<string, string> {
  const flag = (value: boolean): string => (value ? '1' : '0');
  const values = new Map<string, string>([
    ['protocol', String(masterProtocol(snapshot.protocol))],
    ['challenge', String(widestChallenge)],
    ['players', String(Math.min(players.length, 255))],
    ['max', String(snapshot.maxPlayers)],
    ['bots', String(snapshot.bots)],
    ['gamedir', fitted(snapshot.modDir, limits.other)],
    ['map', fitted(snapshot.map, limits.other)],
    ['password', flag(snapshot.password)],
    ['os', snapshot.os],
    ['lan', '0'],
    ['region', String(snapshot.region)],
    ['type', snapshot.serverType],
    ['secure', flag(snapshot.secure)],
    ['version', fitted(snapshot.version, limits.other)],
    ['product', fitted(snapshot.product, limits.other)],
    ['appid', String(snapshot.appId)],
    ['hostname', fitted(snapshot.name, limits.name)],
  ]);
  if (snapshot.tags) values.set('gametype', fittedTags(snapshot.tags, limits.tags));
  if (snapshot.gamePort !== null) values.set('gameport', String(snapshot.gamePort));
  if (snapshot.spectatorPort !== null) values.set('specport', String(snapshot.spectatorPort));
  if (snapshot.gameData !== '') {
    values.set('gamedata', '');
    const used = encodeGameServerMessage({ kind: 'join', values }).length;
    values.set('gamedata', fittedTags(snapshot.gameData, longestGameServerMessage - used));
  }
  return values;
}

/** The values of one join. */
export const withChallenge = (
  values: ReadonlyMap<string, string>,
  challenge: number,
): ReadonlyMap<string, string> => new Map(values).set('challenge', String(challenge));

/** COMPAT: INFO says 17 for Source and the join says 7; GoldSrc and Xash3D say 47 to 49 in both. */
const masterProtocol = (protocol: number): number => (protocol === 17 ? 7 : protocol);

/** Without what would end a value early, cut before the character that does not fit. */
const fitted = (text: string, bytes: number): string => {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go.
  const clean = text.replaceAll('\\', '/').replace(/[\x00-\x1f\x7f]/g, '');
  if (Buffer.byteLength(clean) <= bytes) return clean;
  let cut = '';
  let used = 0;
  for (const character of clean) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    cut += character;
  }
  return cut;
};

/** Half a tag would be another tag: what does not fit goes as a whole. */
const fittedTags = (text: string, bytes: number): string => {
  const whole = fitted(text, Number.POSITIVE_INFINITY);
  const cut = fitted(whole, bytes);
  if (cut === whole || whole[cut.length] === ',') return cut;
  return cut.slice(0, Math.max(0, cut.lastIndexOf(',')));
};
