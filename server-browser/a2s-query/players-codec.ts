import { ByteReader } from '../../core/net/byte-reader.js';
import { DecodeError } from '../../core/net/decode-error.js';
import { expectMessage, MessageType, startMessage } from './message-header.js';
import { TextLimit, textWithin } from './text.js';

/** A player, as a server tells of him. */
export interface Player {
  /** 0 for all players on most servers, a running number on GoldSrc. */
  readonly index: number;
  /** Empty while the player is joining. */
  readonly name: string;
  readonly score: number;
  /** Seconds on the server; -1 marks a bot on Xash3D. */
  readonly duration: number;
  /** Only when asked for The Ship. */
  readonly theShip?: { readonly deaths: number; readonly money: number };
}

/** The players of a server. */
export interface PlayersAnswer {
  /** The count byte; the list can be shorter or, from 255 on, longer. */
  readonly announced: number;
  readonly players: readonly Player[];
}

/** What the count byte can say. */
export const MAX_LISTED_PLAYERS = 255;
const COUNT_AT = 5;
const FIRST_RECORD = 6;

/**
 * `FF FF FF FF 44 count:1 (index:1 name score:4 duration:4 float)*`, then, for The Ship, `(deaths:4
 * money:4)*`. Lists as many players as `limit` (bytes of the whole message) allows. The count byte stops at 255;
 * readers that read to the end of the data see the rest too, those that count stop there.
 */
export function encodePlayers(
  players: Iterable<Player>,
  limit = Number.POSITIVE_INFINITY,
): Uint8Array {
  const writer = startMessage(MessageType.players, 1024).u8(0);
  const extras: NonNullable<Player['theShip']>[] = [];
  let count = 0;
  for (const player of players) {
    const name = textWithin(player.name, TextLimit.playerName);
    const needed = 10 + name.length + (player.theShip ? 8 : 0) + extras.length * 8;
    if (writer.length + needed > limit) break;
    writer
      .u8(player.index & 0xff)
      .bytes(name)
      .u8(0)
      .i32le(player.score)
      .f32le(player.duration);
    if (player.theShip) extras.push(player.theShip);
    count++;
  }
  for (const { deaths, money } of extras) writer.i32le(deaths).i32le(money);
  const message = writer.toBytes();
  message[COUNT_AT] = Math.min(count, MAX_LISTED_PLAYERS);
  return message;
}

/** Where the duration of each listed player stands, so that times can move on without encoding anew. */
export function durationOffsets(message: Uint8Array): number[] {
  const offsets: number[] = [];
  let offset = FIRST_RECORD;
  const count = message[COUNT_AT] ?? 0;
  const open = count === MAX_LISTED_PLAYERS;
  while (open ? offset < message.length : offsets.length < count) {
    const duration = message.indexOf(0, offset + 1) + 5;
    offsets.push(duration);
    offset = duration + 4;
  }
  return offsets;
}

/** Writes seconds at one of {@link durationOffsets}. */
export const writeDuration = (message: Uint8Array, offset: number, seconds: number): void =>
  new DataView(message.buffer, message.byteOffset).setFloat32(offset, seconds, true);

/**
 * Reads the list to the end of the data or of the count: a last record that is cut off is left out, and behind
 * a count of 255, which may stand for more, records are read on. `theShip` reads its extras behind the list.
 */
export function decodePlayers(bytes: Uint8Array, theShip = false): PlayersAnswer {
  const reader = new ByteReader(bytes);
  expectMessage(reader, MessageType.players, 'a PLAYER answer');
  const announced = reader.u8();
  const open = announced === MAX_LISTED_PLAYERS && !theShip;
  const players: Player[] = [];
  while (reader.remaining > 0 && (open || players.length < announced)) {
    const player = readPlayer(reader);
    if (player === undefined) break;
    players.push(player);
  }
  if (!theShip) return { announced, players };
  return {
    announced,
    players: players.map((player) =>
      reader.remaining < 8
        ? player
        : { ...player, theShip: { deaths: reader.i32le(), money: reader.i32le() } },
    ),
  };
}

function readPlayer(reader: ByteReader): Player | undefined {
  try {
    return {
      index: reader.u8(),
      name: reader.cString(),
      score: reader.i32le(),
      duration: reader.f32le(),
    };
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}
