import { ByteReader } from '../../core/net/byte-reader.js';
import { expectMessage, MessageType, startMessage } from './message-header.js';
import { countByte, letterByte, TextLimit, writeText } from './text.js';

/** The obsolete GoldSrc answer to INFO, type `m`. */
export interface ObsoleteInfo {
  readonly answer: 'goldsrc';
  /** `ip:port` as the server sees itself. */
  readonly address: string;
  readonly name: string;
  readonly map: string;
  readonly folder: string;
  readonly game: string;
  readonly players: number;
  readonly maxPlayers: number;
  /** 47 in most. */
  readonly protocol: number;
  readonly serverType: string;
  readonly environment: string;
  readonly password: boolean;
  /** Whether the game is a mod of Half-Life. */
  readonly isMod: boolean;
  /** Missing in the answers of some mods. */
  readonly mod?: ObsoleteMod;
  readonly secure: boolean;
  readonly bots: number;
}

/** What an old GoldSrc server says of its mod. */
export interface ObsoleteMod {
  readonly link: string;
  readonly downloadLink: string;
  readonly version: number;
  /** Bytes. */
  readonly size: number;
  readonly multiplayerOnly: boolean;
  readonly ownDll: boolean;
}

/** What servers before Steam answer, type `C`. */
export interface PreSteamInfo {
  readonly answer: 'pre-steam';
  readonly address: string;
  readonly name: string;
  readonly map: string;
  readonly folder: string;
  readonly game: string;
  readonly players: number;
  readonly maxPlayers: number;
  readonly protocol: number;
}

const ADDRESS_LIMIT = 64;
const LINK_LIMIT = 256;

/**
 * `FF FF FF FF 6D address name map folder game players:1 max:1 protocol:1 type:1 environment:1 password:1
 * isMod:1 [link downloadLink 00 version:4 size:4 multiplayerOnly:1 ownDll:1] secure:1 bots:1`.
 */
export function encodeObsoleteInfo(info: ObsoleteInfo): Uint8Array {
  const writer = startMessage(MessageType.obsoleteInfo, 512);
  writeText(writer, info.address, ADDRESS_LIMIT);
  writeText(writer, info.name, TextLimit.name);
  writeText(writer, info.map, TextLimit.map);
  writeText(writer, info.folder, TextLimit.folder);
  writeText(writer, info.game, TextLimit.game);
  writer.u8(countByte(info.players)).u8(countByte(info.maxPlayers)).u8(info.protocol);
  writer.u8(letterByte(info.serverType)).u8(letterByte(info.environment));
  writer.u8(info.password ? 1 : 0).u8(info.isMod ? 1 : 0);
  if (info.isMod && info.mod !== undefined) {
    writeText(writer, info.mod.link, LINK_LIMIT);
    writeText(writer, info.mod.downloadLink, LINK_LIMIT);
    writer.u8(0).u32le(info.mod.version).u32le(info.mod.size);
    writer.u8(info.mod.multiplayerOnly ? 1 : 0).u8(info.mod.ownDll ? 1 : 0);
  }
  return writer
    .u8(info.secure ? 1 : 0)
    .u8(countByte(info.bots))
    .toBytes();
}

/** Reads the answer; letters come out in lower case, since some servers write capitals. */
export function decodeObsoleteInfo(bytes: Uint8Array): ObsoleteInfo {
  const reader = new ByteReader(bytes);
  expectMessage(reader, MessageType.obsoleteInfo, 'an obsolete INFO answer');
  const address = reader.cString();
  const name = reader.cString();
  const map = reader.cString();
  const folder = reader.cString();
  const game = reader.cString();
  const players = reader.u8();
  const maxPlayers = reader.u8();
  const protocol = reader.u8();
  const serverType = String.fromCharCode(reader.u8()).toLowerCase();
  const environment = String.fromCharCode(reader.u8()).toLowerCase();
  const password = reader.u8() !== 0;
  const isMod = reader.u8() !== 0;
  // COMPAT: some mods say that they are one and leave the block out; two bytes are then left.
  const mod = isMod && reader.remaining > 2 ? readMod(reader) : undefined;
  const secure = reader.u8() !== 0;
  const bots = reader.u8();
  return {
    answer: 'goldsrc',
    address,
    name,
    map,
    folder,
    game,
    players,
    maxPlayers,
    protocol,
    serverType,
    environment,
    password,
    isMod,
    ...(mod && { mod }),
    secure,
    bots,
  };
}

function readMod(reader: ByteReader): ObsoleteMod {
  const link = reader.cString();
  const downloadLink = reader.cString();
  reader.skip(1);
  return {
    link,
    downloadLink,
    version: reader.u32le(),
    size: reader.u32le(),
    multiplayerOnly: reader.u8() !== 0,
    ownDll: reader.u8() !== 0,
  };
}

/** Reads `FF FF FF FF 43 address name map folder game players:1 max:1 protocol:1`. */
export function decodePreSteamInfo(bytes: Uint8Array): PreSteamInfo {
  const reader = new ByteReader(bytes);
  expectMessage(reader, MessageType.preSteamInfo, 'a pre-Steam INFO answer');
  return {
    answer: 'pre-steam',
    address: reader.cString(),
    name: reader.cString(),
    map: reader.cString(),
    folder: reader.cString(),
    game: reader.cString(),
    players: reader.u8(),
    maxPlayers: reader.u8(),
    protocol: reader.u8(),
  };
}
