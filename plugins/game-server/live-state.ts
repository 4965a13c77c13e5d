import type { GamePlayer, GameServerSnapshot, GameServerState } from './public.js';

/** Parts of the state that the configuration fixes: the game cannot change them. */
export interface FixedState {
  readonly snapshot: Partial<GameServerSnapshot>;
  readonly players: readonly GamePlayer[] | undefined;
}

/** The state of the game server of this process, as the game and the configuration make it. */
export class LiveState implements GameServerState {
  readonly #listeners = new Set<() => void>();
  #snapshot: GameServerSnapshot;
  #players: readonly GamePlayer[];
  #version = 0;

  constructor(
    initial: GameServerSnapshot,
    private fixed: FixedState,
  ) {
    this.#snapshot = this.#complete({ ...initial, ...fixed.snapshot }, initial.appId);
    this.#players = fixed.players ?? [];
  }

  get snapshot(): GameServerSnapshot {
    return this.#snapshot;
  }

  get players(): readonly GamePlayer[] {
    return this.#players;
  }

  get version(): number {
    return this.#version;
  }

  /** Takes what the configuration does not fix. */
  update(change: Partial<GameServerSnapshot>): void {
    const next = this.#complete(
      { ...this.#snapshot, ...change, ...this.fixed.snapshot },
      this.#snapshot.appId,
    );
    const keys = Object.keys(next) as (keyof GameServerSnapshot)[];
    if (keys.every((key) => next[key] === this.#snapshot[key])) return;
    this.#snapshot = next;
    this.#changed();
  }

  setPlayers(players: readonly GamePlayer[]): void {
    if (this.fixed.players !== undefined) return;
    this.#players = [...players];
    this.#changed();
  }

  /** A new configuration; what it no longer fixes keeps its value until the game says otherwise. */
  fix(fixed: FixedState): void {
    this.fixed = fixed;
    const { appId } = this.#snapshot;
    this.#snapshot = this.#complete({ ...this.#snapshot, ...fixed.snapshot }, appId);
    if (fixed.players !== undefined) this.#players = fixed.players;
    this.#changed();
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Without a game id of its own the server shows its app id there, which INFO cuts to 16 bits elsewhere. */
  #complete(snapshot: GameServerSnapshot, previousAppId: number): GameServerSnapshot {
    if ('gameId' in this.fixed.snapshot) return snapshot;
    const follows = snapshot.gameId === null || snapshot.gameId === BigInt(previousAppId);
    return follows ? { ...snapshot, gameId: BigInt(snapshot.appId) } : snapshot;
  }

  #changed(): void {
    this.#version++;
    for (const listener of this.#listeners) listener();
  }
}
