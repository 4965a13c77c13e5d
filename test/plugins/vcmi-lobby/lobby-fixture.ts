import { randomUUID } from 'node:crypto';
import { FakeClock, MemoryConnection } from 'beaconry/testing';
import pino from 'pino';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { GameTable } from '../../../plugins/vcmi-lobby/game-table.js';
import { Lobby } from '../../../plugins/vcmi-lobby/lobby.js';
import { encodeGreeting } from '../../../plugins/vcmi-lobby/lobby-codec.js';
import { LobbyEngine, type LobbyEngineOptions } from '../../../plugins/vcmi-lobby/lobby-engine.js';
import { LobbyServer, type LobbyServerOptions } from '../../../plugins/vcmi-lobby/lobby-server.js';
import { LobbyStatistics } from '../../../plugins/vcmi-lobby/lobby-statistics.js';
import { NamePolicy } from '../../../plugins/vcmi-lobby/name-policy.js';
import { encodePipeHandshake, type PipeRole } from '../../../plugins/vcmi-lobby/pipe-codec.js';
import type { PipeEnd } from '../../../plugins/vcmi-lobby/pipe-relay.js';
import type { ServerMessage } from '../../../plugins/vcmi-lobby/server-message.js';
import { decodeServerMessages } from '../../../plugins/vcmi-lobby/server-message-reader.js';
import { findTextEncoding } from '../../../plugins/vcmi-lobby/text-encoding.js';

/** A launcher of a test, speaking in text. */
export class TestLauncher extends MemoryConnection {
  encoding = 'utf8';

  login(version: number, name: string, client = 'VCMI 1.2.1'): this {
    const text = findTextEncoding(this.encoding)?.encode(`<GREETINGS>${name}<VER>${client}`);
    if (text === undefined) throw new Error(`no encoding ${this.encoding}`);
    this.send(encodeFrame(encodeGreeting({ version, encoding: this.encoding, text })));
    return this;
  }

  say(text: string): this {
    this.send(encodeFrame(Buffer.from(text)));
    return this;
  }

  /** Text received since the last look. */
  heard(): string {
    return this.received().toString('utf8');
  }

  messages(): ServerMessage[] {
    const text = this.heard();
    return text === '' ? [] : decodeServerMessages(text);
  }
}

export const TEST_OPTIONS: LobbyServerOptions & LobbyEngineOptions = {
  capacity: 50,
  root: 'off',
  perAddressLimit: 0,
  maxFrame: 64 * 1024,
  maxQueue: 256 * 1024,
  maxPending: 2048,
  loginTimeout: 20_000,
  pipesPerAddress: 0,
  pipeEarlyLimit: 256 * 1024,
  pipeEarlyTotal: 64 * 1024 * 1024,
  pipeStallTimeout: 120_000,
};

/** The whole lobby without a host and without sockets; time stands still until a test moves it. */
export class LobbyFixture {
  readonly clock = new FakeClock();
  readonly uuids: string[] = [];
  readonly statistics = new LobbyStatistics();
  readonly said: string[] = [];
  readonly counters = { refused: { value: 0 }, timedOut: { value: 0 }, overLimit: { value: 0 } };
  readonly games: GameTable<PipeEnd>;
  readonly lobby: Lobby;
  readonly engine: LobbyEngine;
  readonly server: LobbyServer;

  constructor(options: Partial<typeof TEST_OPTIONS> = {}) {
    const complete = { ...TEST_OPTIONS, ...options };
    const note = (text: string) => this.said.push(text);
    this.games = new GameTable<PipeEnd>(
      this.clock,
      { lifetime: 1_800_000, maxGames: 100, maxIdlePerAddress: 10 },
      () => this.uuids.shift() ?? randomUUID(),
    );
    this.lobby = new Lobby(
      this.clock,
      new NamePolicy({ holdMs: 60_000, reserved: ['System', 'all', 'room'] }),
      this.games,
      {
        playerJoined: ({ name }) => note(`joined ${name}`),
        playerLeft: ({ name }) => note(`left ${name}`),
        roomOpened: ({ name }) => note(`opened ${name}`),
        roomClosed: (name, started) => note(`closed ${name} ${started}`),
        gameStarted: (room, players) => note(`started ${room} ${players.join(',')}`),
        said: ({ name }, text) => note(`said ${name} ${text}`),
      },
    );
    this.engine = new LobbyEngine(this.lobby, this.statistics, complete);
    this.server = new LobbyServer(
      this.engine,
      this.games,
      this.statistics,
      this.clock,
      pino({ level: 'silent' }),
      this.counters,
      complete,
    );
  }

  connect(from?: string): TestLauncher {
    const launcher = new TestLauncher(from);
    this.server.accept(launcher);
    return launcher;
  }

  /** Logged in, with the answers forgotten. */
  join(version: number, name: string, from?: string): TestLauncher {
    const launcher = this.connect(from).login(version, name);
    launcher.heard();
    return launcher;
  }

  /** An open room with its host and guests, all answers forgotten. */
  room(total: number, versions: readonly number[]): TestLauncher[] {
    const names = ['alice', 'bobby', 'carol', 'david', 'erika', 'frank', 'grete', 'heinz'];
    const players = versions.map((version, i) => this.join(version, names[i] ?? `user${i}`));
    players.forEach((player, i) => {
      player.say(i === 0 ? `<NEW>room1<PSWD><COUNT>${total}` : '<JOIN>room1<PSWD>');
    });
    for (const player of players) player.heard();
    return players;
  }

  pipe(role: PipeRole, uuid: string, from?: string): TestLauncher {
    const end = this.connect(from);
    end.send(encodePipeHandshake({ name: `VCMI 1.2.1 (${role})`, uuid, endianness: 1 }));
    return end;
  }
}
