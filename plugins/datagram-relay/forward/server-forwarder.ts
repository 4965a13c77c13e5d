import { createHash } from 'node:crypto';
import type { Clock, PeerAddress } from 'beaconry';
import type { AgentSocket, OpenAgentSocket } from '../agent/agent-socket.js';
import type { Connection } from '../agent/connection.js';

export interface ServerForwarderOptions {
  readonly clock: Clock;
  readonly openSocket: OpenAgentSocket;
  /** Local port of the game for each virtual port. */
  readonly games: ReadonlyMap<number, PeerAddress>;
  readonly maxPlayers?: number;
}

interface Player {
  readonly identity: string;
  readonly host: string;
  connection: Connection;
  readonly sockets: Map<number, Promise<AgentSocket>>;
  waiting: number;
}

const AFTERWARDS = 60_000;
const MAX_WAITING = 64;

/** Shows each remote player to an unmodified game as a loopback address of its own, always the same. */
export class ServerForwarder {
  readonly #players = new Map<string, Player>();
  readonly #hosts = new Map<string, string>();
  readonly #ending = new Map<Player, () => void>();

  constructor(private readonly options: ServerForwarderOptions) {}

  /** Loopback address by which the game knows a player; undefined: not connected. */
  hostOf(identity: string): string | undefined {
    for (const player of this.#players.values())
      if (player.identity === identity) return player.host;
    return undefined;
  }

  /** Takes a new connection of the server agent; false when the forwarder is full. */
  accept(connection: Connection): boolean {
    const { maxPlayers = 1024 } = this.options;
    if (this.#players.size >= maxPlayers) return false;
    const identity = connection.facts.remote;
    const name = connection.facts.name;
    const host = this.#hostFor(identity);
    const player: Player = { identity, host, connection, sockets: new Map(), waiting: 0 };
    this.#players.set(name, player);
    connection.listener = {
      onDatagram: (port, bytes, index) => this.#toGame(player, port, index, new Uint8Array(bytes)),
      onState: (state) => {
        if (state > 3) this.#endLater(name, player);
      },
    };
    return true;
  }

  async close(): Promise<void> {
    for (const stop of this.#ending.values()) stop();
    this.#ending.clear();
    for (const [name, player] of this.#players) await this.#end(name, player);
  }

  #toGame(player: Player, port: number, index: number, bytes: Uint8Array): void {
    const game = this.options.games.get(port);
    if (game === undefined || player.waiting >= MAX_WAITING) return;
    let socket = player.sockets.get(index);
    if (socket === undefined) {
      socket = this.options.openSocket(
        (answer, from) => {
          // Nobody but the game is heard on this socket.
          if (from.equals(game)) player.connection.sendAt(index, answer);
        },
        { host: player.host, port: 0 },
      );
      player.sockets.set(index, socket);
      socket.catch(() => player.sockets.delete(index));
    }
    player.waiting++;
    socket
      .then((open) => open.send(bytes, game))
      .catch(() => {})
      .finally(() => player.waiting--);
  }

  /** 127.128.0.1 to 127.254.254.254, by the hash of the identity; the next one where it is taken. */
  #hostFor(identity: string): string {
    const known = this.#hosts.get(identity);
    if (known !== undefined) return known;
    const hash = createHash('sha256').update(identity).digest();
    const taken = new Set(this.#hosts.values());
    for (let step = 0; ; step++) {
      const number = (hash.readUInt32LE(0) + step) >>> 0;
      const [b, c, d] = [number % 127, (number >>> 7) % 255, (number >>> 15) % 254];
      const host = `127.${128 + b}.${c}.${d + 1}`;
      if (taken.has(host)) continue;
      if (this.#hosts.size >= 65_536) this.#hosts.delete(this.#hosts.keys().next().value as string);
      this.#hosts.set(identity, host);
      return host;
    }
  }

  #endLater(name: string, player: Player): void {
    const stop = this.options.clock.after(AFTERWARDS, () => {
      this.#ending.delete(player);
      void this.#end(name, player);
    });
    this.#ending.set(player, stop);
  }

  async #end(name: string, player: Player): Promise<void> {
    this.#players.delete(name);
    for (const socket of player.sockets.values())
      await (await socket.catch(() => undefined))?.close();
  }
}
