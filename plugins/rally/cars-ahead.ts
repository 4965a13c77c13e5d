import { DecodeError } from 'beaconry';
import type { RallyDefinition } from './definition.js';
import { believedSpeed, METRES_MARGIN, Motion } from './motion.js';
import { decodePeerPosition, emptyPosition, type PeerPosition } from './peer-position-codec.js';
import type { Ahead, CarPosition } from './rally-messages.js';

/** One car ahead, as its follower sees it. */
export interface CarAhead {
  readonly number: number;
  readonly steamId: bigint;
  readonly stage: number;
  readonly metres: number;
  readonly x: number;
  readonly y: number;
  /** Centimetres per second. */
  readonly speed: number;
  /** Who said so: its driver, over a relay, or the server. */
  readonly from: 'peer' | 'server';
  /** Milliseconds since it was there. */
  readonly age: number;
}

export type PeerRefusal =
  | 'peer-not-ahead'
  | 'peer-too-often'
  | 'peer-malformed'
  | 'peer-stale'
  | 'peer-reordered'
  | 'peer-off-stage'
  | 'peer-implausible'
  | 'peer-contradicts-server';

/** The clocks of one follower at one moment. */
export interface FollowerTime {
  /** Monotonic milliseconds. */
  readonly now: number;
  /** Rally time, as the server's clock says. */
  readonly rallyNow: number;
  readonly timeScale: number;
}

/** A peer who is silent for so long is not looked at any more: what the server says counts. */
const PEER_PATIENCE = 1_500;
/** The server says once a second where cars are; what is older says nothing. */
const SERVER_PATIENCE = 10_000;
/** How far a peer's time may lie before and after our own, in real milliseconds. */
const PEER_PAST = 3_000;
const PEER_FUTURE = 1_000;
/** A peer's position may be so much newer than what the server said of it. */
const SERVER_LAG = 1_500;

interface Followed extends Ahead {
  server: (CarPosition & { readonly heard: number }) | undefined;
  motion: Motion | undefined;
  /** Stage of `motion`; 0 before the first position. */
  stage: number;
  time: number;
  peerHeard: number;
  speed: number;
}

/**
 * What a driver knows of the cars ahead, without I/O. Positions come from their drivers, as often as those send them;
 * each is held against the way that such a car can have driven and against the word of the server, which also stands
 * in while a driver is silent or not believed. Nothing here touches times.
 */
export class CarsAhead {
  #followed: readonly Followed[] = [];
  readonly #said = emptyPosition();
  /** What was refused, by reason. */
  readonly refusals = new Map<PeerRefusal, number>();

  constructor(private readonly entries: RallyDefinition['entries']) {}

  /** The cars that the server named; what is known of those that stay is kept. */
  follow(ahead: readonly Ahead[]): void {
    const known = this.#followed;
    this.#followed = ahead.map(
      ({ number, steamId }) =>
        known.find((one) => one.number === number && one.steamId === steamId) ?? {
          ...{ number, steamId, server: undefined, motion: undefined },
          ...{ stage: 0, time: 0, peerHeard: Number.NEGATIVE_INFINITY, speed: 0 },
        },
    );
  }

  /** The server said where cars are; those that it does not name are on no stage. */
  serverSaid(cars: readonly CarPosition[], now: number): void {
    for (const followed of this.#followed) {
      const said = cars.find(({ number }) => number === followed.number);
      followed.server = said === undefined ? undefined : { ...said, heard: now };
    }
  }

  /** A datagram of whoever proved to the relay network that this is his SteamID. Undefined: it counts. */
  peerSaid(steamId: bigint, bytes: Uint8Array, time: FollowerTime): PeerRefusal | undefined {
    const why = this.#whyNot(steamId, bytes, time);
    if (why !== undefined) this.refusals.set(why, (this.refusals.get(why) ?? 0) + 1);
    return why;
  }

  /** The cars ahead that are on a stage, the nearest first. */
  read(now: number): CarAhead[] {
    return this.#followed.flatMap((followed): CarAhead[] => {
      const { number, steamId, server, motion, stage, speed } = followed;
      if (motion !== undefined && stage === server?.stage) {
        const age = now - followed.peerHeard;
        const { metres, x, y } = motion;
        if (age <= PEER_PATIENCE) {
          return [{ number, steamId, stage, metres, x, y, speed, from: 'peer', age }];
        }
      }
      if (server === undefined) return [];
      const { age: then, heard, ...said } = server;
      const age = then + now - heard;
      return age > SERVER_PATIENCE ? [] : [{ ...said, steamId, from: 'server', age }];
    });
  }

  #whyNot(steamId: bigint, bytes: Uint8Array, time: FollowerTime): PeerRefusal | undefined {
    const followed = this.#followed.find((one) => one.steamId === steamId);
    if (followed === undefined) return 'peer-not-ahead';
    const { now, rallyNow, timeScale } = time;
    const motion = followed.motion ?? this.#motionOf(followed, time);
    if (!motion.mayCome(now)) return 'peer-too-often';
    const said = this.#read(bytes);
    if (said === undefined) return 'peer-malformed';
    // Both are the low 32 bits: the difference is right whatever the high ones are.
    const ahead = (said.time - (rallyNow % 2 ** 32)) | 0;
    if (ahead > PEER_FUTURE * timeScale || ahead < -PEER_PAST * timeScale) return 'peer-stale';
    const { server } = followed;
    if (server === undefined || server.stage !== said.stage) return 'peer-off-stage';
    if (followed.stage === said.stage && ((said.time - followed.time) | 0) <= 0) {
      return 'peer-reordered';
    }
    const { metres, x, y } = said;
    const reach =
      (motion.believed * (server.age + now - server.heard + SERVER_LAG)) / 1000 + METRES_MARGIN;
    const off = Math.max(
      Math.abs(metres - server.metres),
      Math.hypot(x - server.x, y - server.y) - METRES_MARGIN,
    );
    if (off > reach) return 'peer-contradicts-server';
    if (followed.stage !== said.stage) {
      // Where the server saw it is where it begins for us.
      motion.begin(server.metres, server.x, server.y, reach, now);
      followed.stage = said.stage;
    }
    if (!motion.move(metres, x, y, now)) return 'peer-implausible';
    followed.time = said.time;
    followed.peerHeard = now;
    followed.speed = said.speed;
    return undefined;
  }

  #read(bytes: Uint8Array): PeerPosition | undefined {
    try {
      return decodePeerPosition(bytes, this.#said);
    } catch (error) {
      if (error instanceof DecodeError) return undefined;
      throw error;
    }
  }

  #motionOf(followed: Followed, { now, timeScale }: FollowerTime): Motion {
    const entry = this.entries.find(({ number }) => number === followed.number);
    const motion = new Motion(believedSpeed(entry?.maximumSpeed ?? 0, timeScale), now);
    followed.motion = motion;
    return motion;
  }
}
