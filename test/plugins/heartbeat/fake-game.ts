import { definePlugin } from 'beaconry';
import {
  type GamePlayer,
  type GameServerSnapshot,
  GameServerState,
} from 'beaconry/plugins/game-server';

export const snapshotOf = (fields: Partial<GameServerSnapshot> = {}): GameServerSnapshot => ({
  appId: 240,
  gameId: null,
  product: 'css',
  version: '1.0.0.70',
  protocol: 17,
  name: 'A server',
  map: 'de_dust2',
  modDir: 'cstrike',
  description: 'Counter-Strike: Source',
  serverType: 'd',
  os: 'l',
  maxPlayers: 16,
  bots: 0,
  password: false,
  secure: true,
  gamePort: null,
  steamId: null,
  spectatorPort: null,
  spectatorName: '',
  tags: null,
  gameData: '',
  region: 255,
  advertise: true,
  ...fields,
});

/** State that a test changes, in place of a running game. */
export class FakeGame implements GameServerState {
  players: readonly GamePlayer[] = [];
  version = 0;
  readonly #listeners = new Set<() => void>();

  constructor(public snapshot: GameServerSnapshot = snapshotOf()) {}

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  update(change: Partial<GameServerSnapshot>): void {
    this.snapshot = { ...this.snapshot, ...change };
    this.#changed();
  }
  setPlayers(players: readonly GamePlayer[]): void {
    this.players = players;
    this.#changed();
  }
  #changed(): void {
    this.version++;
    for (const listener of this.#listeners) listener();
  }
}

/** A plugin that provides the state. */
export const gameServer = (state: GameServerState) =>
  definePlugin({
    name: 'game-server',
    api: 1,
    provides: [GameServerState],
    setup: (context) => context.provide(GameServerState, state),
  });

export const player = (name: string): GamePlayer => ({ name, score: 0, joinedAt: 0 });
