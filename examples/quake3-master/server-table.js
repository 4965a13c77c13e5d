/**
 * @typedef {object} Quake3Server
 * @property {import('beaconry').PeerAddress} address where it is listed
 * @property {string} game
 * @property {number} protocol
 * @property {string} gameType
 * @property {string} name
 * @property {string} map
 * @property {string} version
 * @property {number} players
 * @property {number} bots
 * @property {number} maxPlayers
 * @property {boolean} password
 *
 * @typedef {object} Limits
 * @property {number} ttl milliseconds a server stays after its last answer
 * @property {number} perAddress servers of one address; 0 for no limit
 * @property {number} total
 */

/** Games that do not say their name are known by their protocol. */
const gamesByProtocol = new Map([
  ...[66, 67, 68].map((protocol) => /** @type {const} */ ([protocol, 'Quake3Arena'])),
  ...[50, 59, 60].map((protocol) => /** @type {const} */ ([protocol, 'wolfmp'])),
  ...[72, 80, 83, 84].map((protocol) => /** @type {const} */ ([protocol, 'et'])),
]);

/** The game that a question without a name means. */
export const gameOf = (/** @type {number} */ protocol) =>
  gamesByProtocol.get(protocol) ?? 'Quake3Arena';

/**
 * What an answer says of its server; undefined where something that a list needs is missing.
 * @param {import('./quake3-codec.js').Info} info
 * @param {import('beaconry').PeerAddress} address
 * @returns {Quake3Server | undefined}
 */
export function describe({ values }, address) {
  const number = (/** @type {string} */ key) => {
    const text = values.get(key) ?? '';
    return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
  };
  const shown = (/** @type {string} */ key) => withoutColours(values.get(key) ?? '').slice(0, 64);
  const protocol = number('protocol');
  const maxPlayers = number('sv_maxclients');
  if (protocol === undefined || !maxPlayers) return undefined;
  const game = values.get('gamename') ?? gamesByProtocol.get(protocol);
  if (game === undefined || !/^[\w.-]{1,64}$/.test(game)) return undefined;
  const clients = number('clients') ?? 0;
  const humans = number('g_humanplayers') ?? number('humans') ?? clients - (number('bots') ?? 0);
  return {
    address,
    game,
    protocol,
    gameType: (values.get('gametype') ?? '').slice(0, 64),
    name: shown('hostname') || address.toString(),
    map: shown('mapname'),
    version: shown('version'),
    players: Math.min(Math.max(clients, 0), 255),
    bots: Math.min(Math.max(clients - humans, 0), 255),
    maxPlayers: Math.min(maxPlayers, 255),
    password: values.get('g_needpass') === '1' || values.get('needpass') === '1',
  };
}

/** `^1Red` is red in the game and noise elsewhere. */
const withoutColours = (/** @type {string} */ text) =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must go.
  text.replace(/\^(?:x[0-9a-fA-F]{3}|[^^])/g, '').replace(/[\x00-\x1f\x7f-\x9f]/g, '');

/** The servers that answered, in the order in which they will expire. */
export class ServerTable {
  /** @type {Map<string, { server: Quake3Server, expires: number }>} */
  #entries = new Map();
  /** @type {Map<string, number>} */
  #perAddress = new Map();
  #clock;
  #limits;
  /** Rises when a list may have changed. */
  version = 0;

  /**
   * @param {Pick<import('beaconry').Clock, 'monotonic'>} clock
   * @param {Limits} limits
   */
  constructor(clock, limits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size() {
    return this.#entries.size;
  }

  /**
   * Takes a server in, or what is new of it; false when it is one too many.
   * @param {Quake3Server} server
   */
  put(server) {
    const key = server.address.toString();
    const { host } = server.address;
    const { perAddress, total, ttl } = this.#limits;
    const known = this.#entries.delete(key);
    if (!known) {
      const count = this.#perAddress.get(host) ?? 0;
      if ((perAddress > 0 && count >= perAddress) || this.size >= total) return false;
      this.#perAddress.set(host, count + 1);
    }
    // Behind all others, since a map keeps the order of insertion.
    this.#entries.set(key, { server, expires: this.#clock.monotonic() + ttl });
    this.version++;
    return true;
  }

  /**
   * Removes the servers whose time is over, and gives them.
   * @returns {Quake3Server[]}
   */
  expire() {
    const gone = [];
    for (const [key, { server, expires }] of this.#entries) {
      if (expires > this.#clock.monotonic()) break;
      this.#entries.delete(key);
      const count = (this.#perAddress.get(server.address.host) ?? 1) - 1;
      if (count === 0) this.#perAddress.delete(server.address.host);
      else this.#perAddress.set(server.address.host, count);
      this.version++;
      gone.push(server);
    }
    return gone;
  }

  *servers() {
    for (const { server } of this.#entries.values()) yield server;
  }
}
