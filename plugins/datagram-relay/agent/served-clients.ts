import { type Hop, newSessionId } from './hop.js';
import { Path } from './path.js';
import type { RelayedConnection } from './relayed-connection.js';

/** A client's connection, and what the first JOIN of it was answered with. */
export interface ServedClient {
  readonly connection: RelayedConnection;
  readonly endPart: Uint8Array;
  readonly serverPart: Uint8Array;
  readonly signature: Uint8Array;
  readonly paths: Map<number, Path>;
}

const MAX_PATHS = 4;
const IDLE_PATH = 60_000;

/** The clients of a hosted server: by name of the connection, and by the session ids of their paths. */
export class ServedClients {
  readonly #byName = new Map<string, ServedClient>();
  readonly #byId = new Map<number, ServedClient>();

  get size(): number {
    return this.#byName.size;
  }
  get connections(): readonly RelayedConnection[] {
    return [...this.#byName.values()].map(({ connection }) => connection);
  }

  find(name: string): ServedClient | undefined {
    return this.#byName.get(name);
  }

  /** Stays until its connection ends. */
  add(name: string, client: Omit<ServedClient, 'paths'>): ServedClient {
    const served = { ...client, paths: new Map<number, Path>() };
    this.#byName.set(name, served);
    served.connection.onEnded = () => {
      this.#byName.delete(name);
      for (const id of served.paths.keys()) this.#byId.delete(id);
    };
    return served;
  }

  newId(): number {
    return newSessionId((taken) => this.#byId.has(taken));
  }

  /** Another way to the client; an old one goes when there are too many. */
  addPath(served: ServedClient, hop: Hop, now: number): void {
    this.#limitPaths(served);
    const path = new Path(hop, [hop.address.toString()], now);
    served.paths.set(hop.id, path);
    this.#byId.set(hop.id, served);
    served.connection.addPath(path);
  }

  removePath({ connection, paths }: ServedClient, path: Path): void {
    const { id } = path.hop;
    connection.removePath(path);
    paths.delete(id);
    this.#byId.delete(id);
  }

  /** By the session id of one of its paths. */
  byId(id: number): ServedClient | undefined {
    return this.#byId.get(id);
  }

  tick(now: number): void {
    for (const served of [...this.#byName.values()]) {
      const { connection, paths } = served;
      connection.tick();
      for (const path of paths.values()) {
        const isIdle = now - path.hop.lastReceived > IDLE_PATH;
        if (connection.paths.length > 1 && isIdle) this.removePath(served, path);
      }
    }
  }

  #limitPaths(served: ServedClient): void {
    const { connection, paths } = served;
    if (paths.size < MAX_PATHS) return;
    for (const path of paths.values()) {
      if (path === connection.primary) continue;
      this.removePath(served, path);
      return;
    }
  }
}
