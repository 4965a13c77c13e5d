import type { NamePolicy } from './name-policy.js';
import type { VcmiLobbies, VcmiLobbySource, VcmiPlayer, VcmiRoom } from './public.js';

/** What the lobbies of this server show together, and the names that they share. */
export class VcmiDirectory implements VcmiLobbies {
  readonly #sources = new Set<VcmiLobbySource>();

  constructor(readonly names: NamePolicy) {}

  add(source: VcmiLobbySource): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  rooms(): VcmiRoom[] {
    return [...this.#sources].flatMap((source) => source.rooms());
  }

  players(): VcmiPlayer[] {
    return [...this.#sources].flatMap((source) => source.players());
  }
}
