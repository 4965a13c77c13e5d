import { ByteReader } from '../../core/net/byte-reader.js';
import type { ByteWriter } from '../../core/net/byte-writer.js';
import { expectMessage, MessageType, startMessage } from './message-header.js';
import { countByte, letterByte, TextLimit, writeText } from './text.js';

/** What INFO answers, type `I`: Source and current GoldSrc servers. */
export interface SourceInfo {
  readonly answer: 'source';
  readonly protocol: number;
  readonly name: string;
  readonly map: string;
  /** The game directory. */
  readonly folder: string;
  /** Description of the game. */
  readonly game: string;
  /** All bits: from the game id when the answer has one, else the 16 bits of the fixed part. */
  readonly appId: number;
  readonly players: number;
  readonly maxPlayers: number;
  readonly bots: number;
  /** `d` dedicated, `l` listen, `p` spectator relay; others were seen. */
  readonly serverType: string;
  /** `l` Linux, `w` Windows, `m` or `o` macOS. */
  readonly environment: string;
  readonly password: boolean;
  readonly secure: boolean;
  /** Only for app id 2400. */
  readonly theShip?: {
    readonly mode: number;
    readonly witnesses: number;
    readonly duration: number;
  };
  readonly version: string;
  /** Undefined when the answer ends after the version, as Xash3D's does. */
  readonly extra?: InfoExtra;
}

/** What follows the version, behind the byte of flags (EDF). */
export interface InfoExtra {
  readonly gamePort?: number;
  readonly steamId?: bigint;
  readonly spectator?: { readonly port: number; readonly name: string };
  /** Tags, comma separated. */
  readonly keywords?: string;
  readonly gameId?: bigint;
}

const THE_SHIP = 2400;
const GAME_PORT = 0x80;
const STEAM_ID = 0x10;
const SPECTATOR = 0x40;
const KEYWORDS = 0x20;
const GAME_ID = 0x01;

/**
 * `FF FF FF FF 49 protocol:1 name map folder game appId:2 players:1 max:1 bots:1 type:1 environment:1
 * password:1 secure:1 [The Ship: mode:1 witnesses:1 duration:1] version [flags:1 extras]`.
 * Extras come in the order 0x80, 0x10, 0x40, 0x20, 0x01. Text is cut to the limits of the Steam interface,
 * counts above 255 are written as 255.
 */
export function encodeInfo(info: SourceInfo): Uint8Array {
  const writer = startMessage(MessageType.info, 512).u8(info.protocol);
  writeText(writer, info.name, TextLimit.name);
  writeText(writer, info.map, TextLimit.map);
  writeText(writer, info.folder, TextLimit.folder);
  writeText(writer, info.game, TextLimit.game);
  const appId = info.appId & 0xffff;
  writer.u16le(appId);
  writer.u8(countByte(info.players)).u8(countByte(info.maxPlayers)).u8(countByte(info.bots));
  writer.u8(letterByte(info.serverType)).u8(letterByte(info.environment));
  writer.u8(info.password ? 1 : 0).u8(info.secure ? 1 : 0);
  // Readers know the game by these 16 bits only, so any app id that shares them has to carry the bytes.
  if (appId === THE_SHIP) {
    const { mode, witnesses, duration } = info.theShip ?? { mode: 0, witnesses: 0, duration: 0 };
    writer.u8(mode).u8(witnesses).u8(duration);
  }
  writeText(writer, info.version, TextLimit.version);
  if (info.extra !== undefined) writeExtra(writer, info.extra);
  return writer.toBytes();
}

function writeExtra(writer: ByteWriter, extra: InfoExtra): void {
  const { gamePort, steamId, spectator, keywords, gameId } = extra;
  writer.u8(
    (gamePort === undefined ? 0 : GAME_PORT) |
      (steamId === undefined ? 0 : STEAM_ID) |
      (spectator === undefined ? 0 : SPECTATOR) |
      (keywords === undefined ? 0 : KEYWORDS) |
      (gameId === undefined ? 0 : GAME_ID),
  );
  if (gamePort !== undefined) writer.u16le(gamePort);
  if (steamId !== undefined) writer.u64le(steamId);
  if (spectator !== undefined) {
    writeText(writer.u16le(spectator.port), spectator.name, TextLimit.spectatorName);
  }
  if (keywords !== undefined) writeText(writer, keywords, TextLimit.tags);
  if (gameId !== undefined) writer.u64le(gameId);
}

/** Reads the answer; bytes after the known extras are tolerated. */
export function decodeInfo(bytes: Uint8Array): SourceInfo {
  const reader = new ByteReader(bytes);
  expectMessage(reader, MessageType.info, 'an INFO answer');
  const protocol = reader.u8();
  const name = reader.cString();
  const map = reader.cString();
  const folder = reader.cString();
  const game = reader.cString();
  const appId = reader.u16le();
  const players = reader.u8();
  const maxPlayers = reader.u8();
  const bots = reader.u8();
  const serverType = String.fromCharCode(reader.u8());
  const environment = String.fromCharCode(reader.u8());
  const password = reader.u8() !== 0;
  const secure = reader.u8() !== 0;
  const theShip =
    appId === THE_SHIP
      ? { mode: reader.u8(), witnesses: reader.u8(), duration: reader.u8() }
      : undefined;
  const version = reader.cString();
  const extra = reader.remaining > 0 ? readExtra(reader) : undefined;
  const fullAppId = Number((extra?.gameId ?? 0n) & 0xffffffn);
  return {
    answer: 'source',
    protocol,
    name,
    map,
    folder,
    game,
    appId: fullAppId === 0 ? appId : fullAppId,
    players,
    maxPlayers,
    bots,
    serverType,
    environment,
    password,
    secure,
    ...(theShip && { theShip }),
    version,
    ...(extra && { extra }),
  };
}

function readExtra(reader: ByteReader): InfoExtra {
  const flags = reader.u8();
  return {
    ...(flags & GAME_PORT && { gamePort: reader.u16le() }),
    ...(flags & STEAM_ID && { steamId: reader.u64le() }),
    ...(flags & SPECTATOR && { spectator: { port: reader.u16le(), name: reader.cString() } }),
    ...(flags & KEYWORDS && { keywords: reader.cString() }),
    ...(flags & GAME_ID && { gameId: reader.u64le() }),
  };
}
