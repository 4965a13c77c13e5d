import type { ForgetListener } from 'beaconry';
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

  /** For `context.onForget` of the plugin that made it: names of people who left are held for their address. */
  readonly forget: ForgetListener = ({ kind, text }) => {
    if (kind === 'steam-id') return undefined;
    const count = this.names.forget(kind === 'address' ? { address: text } : { name: text });
    return count === 0 ? undefined : `gave free ${count} names that were held`;
  };

  rooms(): VcmiRoom[] {
    return [...this.#sources].flatMap((source) => source.rooms());
  }

  players(): VcmiPlayer[] {
    return [...this.#sources].flatMap((source) => source.players());
  }
}
