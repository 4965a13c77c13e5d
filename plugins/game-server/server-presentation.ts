import type { Clock, Logger } from 'beaconry';
import type { AuthSessions } from 'beaconry/plugins/auth-sessions';
import type { Social } from 'beaconry/plugins/social';
import type { SteamBackend } from 'beaconry/plugins/steam-backend';
import { TextLimit } from 'beaconry/steam';
import { limitText } from './limited-text.js';
import type { GameServerSnapshot, GameServerState, SharedSocket } from './public.js';
import { readRegion } from './server-region.js';
import type { ServerState } from './server-states.js';

/** What `setKeyValue` writes to; the plugin `rules` is one. */
export interface RuleValues {
  set(key: string, value: string): void;
  clear(): void;
}

export interface SteamGameServerOptions {
  /** Where the app id comes from when init does not name it. */
  readonly appId: number;
  readonly lateGameDescription: boolean;
  readonly heartbeatUnit: 'ms' | 's';
  readonly retryInterval: number;
  readonly logonTimeout: number;
}

export const defaultGameServerOptions: SteamGameServerOptions = {
  appId: 480,
  lateGameDescription: true,
  heartbeatUnit: 'ms',
  retryInterval: 8_000,
  logonTimeout: 20_000,
};

export interface SteamGameServerParts {
  readonly state: GameServerState;
  readonly rules: RuleValues | undefined;
  readonly backend: SteamBackend | undefined;
  readonly authSessions: AuthSessions | undefined;
  readonly social: Social | undefined;
  readonly sharedSocket: SharedSocket | undefined;
  /** IP that a backend in this process is told. */
  readonly address: () => string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly options: SteamGameServerOptions;
  /** The game initialised the interface; called before anything is published. */
  readonly onInit?: () => void;
}

/**
 * What a game says of itself: basic data (2.1), which is frozen by the logon, and live state (2.3). Texts are
 * cut to the sizes of the client's server item.
 */
export abstract class ServerPresentation {
  readonly #cutFields = new Set<string>();
  /** Which of the three required texts were set. */
  protected given = { product: false, description: false, modDir: false };

  protected constructor(protected readonly parts: SteamGameServerParts) {}

  abstract get state(): ServerState;

  /** Writes to the state what was said and what follows from it. */
  protected abstract publish(change: Partial<GameServerSnapshot>): void;

  protected get isUp(): boolean {
    return this.state !== 'down';
  }

  setProduct(product: string): void {
    if (!this.#required('product', product)) return;
    this.given = { ...this.given, product: true };
    this.publish({ product: this.#limit('product', product, 64) });
  }

  setGameDescription(description: string): void {
    if (!this.#required('description', description, this.parts.options.lateGameDescription)) return;
    this.given = { ...this.given, description: true };
    this.publish({
      description: this.#limit('description', description, TextLimit.gameDescription),
    });
  }

  setModDir(modDir: string): void {
    if (!this.#required('modDir', modDir)) return;
    this.given = { ...this.given, modDir: true };
    this.publish({ modDir: this.#limit('modDir', modDir, TextLimit.gameDir) });
  }

  setDedicatedServer(dedicated: boolean): void {
    if (this.isUp && this.#mayChangeBasics('dedicated')) {
      this.publish({ serverType: dedicated ? 'd' : 'l' });
    }
  }

  setMaxPlayerCount(count: number): void {
    this.#setCount('maxPlayers', count);
  }

  /** Reported only; it does not raise the number of players. */
  setBotPlayerCount(count: number): void {
    this.#setCount('bots', count);
  }

  setServerName(name: string): void {
    this.#setText('name', name, TextLimit.serverName);
  }

  setMapName(map: string): void {
    this.#setText('map', map, TextLimit.mapName);
  }

  setPasswordProtected(protectedByPassword: boolean): void {
    if (this.isUp) this.publish({ password: protectedByPassword });
  }

  /** 0 for none. */
  setSpectatorPort(port: number): void {
    if (!this.isUp) return;
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      this.ignored('spectatorPort', port);
      return;
    }
    this.publish({ spectatorPort: port === 0 ? null : port });
  }

  setSpectatorServerName(name: string): void {
    this.#setText('spectatorName', name, TextLimit.mapName);
  }

  setKeyValue(key: string, value: string): void {
    if (!this.isUp) return;
    if (key === null || value === null) throw new TypeError('setKeyValue takes texts, not null');
    if (key === '') {
      this.ignored('key', key);
      return;
    }
    this.parts.rules?.set(limitText(key, 256), limitText(value, 256));
  }

  clearAllKeyValues(): void {
    if (this.isUp) this.parts.rules?.clear();
  }

  /** Comma or semicolon separated. */
  setGameTags(tags: string): void {
    if (!this.isUp) return;
    notNull('setGameTags', tags);
    const text = this.#limit('tags', tags, TextLimit.tags);
    this.publish({ tags: text === '' ? null : text });
  }

  setGameData(data: string): void {
    if (!this.isUp) return;
    notNull('setGameData', data);
    this.publish({ gameData: this.#limit('gameData', data, TextLimit.gameData, true) });
  }

  setRegion(region: string): void {
    if (!this.isUp) return;
    notNull('setRegion', region);
    const read = readRegion(region);
    if (read === undefined) {
      this.ignored('region', region);
      return;
    }
    this.publish({ region: read });
  }

  #setCount(field: 'maxPlayers' | 'bots', count: number): void {
    if (!this.isUp) return;
    if (!Number.isInteger(count) || count < 0) {
      this.ignored(field, count);
      return;
    }
    this.publish({ [field]: count });
  }

  #setText(field: 'name' | 'map' | 'spectatorName', text: string, limit: number): void {
    if (!this.isUp) return;
    notNull(field, text);
    this.publish({ [field]: this.#limit(field, text, limit) });
  }

  /** For the three texts that must not be empty. */
  #required(field: 'product' | 'description' | 'modDir', text: string, late = false): boolean {
    if (!this.isUp) return false;
    notNull(field, text);
    if (text === '') {
      this.ignored(field, text);
      return false;
    }
    return late || this.#mayChangeBasics(field);
  }

  #mayChangeBasics(field: string): boolean {
    const { state } = this;
    if (state === 'ready' || state === 'off') return true;
    this.parts.log.warn({ field }, 'basic data was ignored: it may be set only before logOn');
    return false;
  }

  #limit(field: string, text: string, limit: number, opaque = false): string {
    const cut = limitText(text, limit, opaque);
    if (Buffer.byteLength(text) >= limit && !this.#cutFields.has(field)) {
      this.#cutFields.add(field);
      this.parts.log.warn({ field, bytes: limit - 1 }, 'a text was cut to what its field holds');
    }
    return cut;
  }

  protected ignored(field: string, value: unknown): void {
    this.parts.log.warn({ field, value: String(value).slice(0, 40) }, 'a value was ignored');
  }
}

/** Texts of other languages may arrive as null. */
const notNull = (field: string, text: string): void => {
  if (text === null || text === undefined) throw new TypeError(`${field} takes a text, not null`);
};
