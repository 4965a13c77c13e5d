import { ByteWriter, DecodeError } from 'beaconry';

/** Every message begins with four bytes FF; the rest is text, addresses in lists excepted. */
const header = '\xff\xff\xff\xff';
/** Longest message that is read or written, in bytes. */
export const longestMessage = 1400;

/**
 * What a server of the family says when it starts, every five minutes, and twice when it quits.
 * @typedef {{ kind: 'heartbeat', tag: string }} Heartbeat
 *
 * @typedef {{ kind: 'info', values: ReadonlyMap<string, string> }} Info
 *
 * `game` is empty where the client names none.
 * @typedef {object} ListRequest
 * @property {'list'} kind
 * @property {boolean} extended getserversExt: a game is named, IPv6 is known
 * @property {string} game
 * @property {number} protocol
 * @property {boolean} empty list servers without players too
 * @property {boolean} full list servers without a free place too
 * @property {string | undefined} gameType
 * @property {boolean} ipv4
 * @property {boolean} ipv6
 */

/** `heartbeat DarkPlaces\n` */
export const heartbeatPrefix = `${header}heartbeat `;
/** `infoResponse\n\key\value...` */
export const infoPrefix = `${header}infoResponse`;
export const listPrefix = `${header}getservers `;
export const extendedListPrefix = `${header}getserversExt `;

/**
 * @param {Uint8Array} bytes
 * @returns {Heartbeat}
 */
export function decodeHeartbeat(bytes) {
  const tag = after(heartbeatPrefix, bytes).trim();
  if (!/^[A-Za-z0-9-]{1,32}$/.test(tag)) throw invalid(heartbeatPrefix.length, 'a tag of a game');
  return { kind: 'heartbeat', tag };
}

/**
 * A repeated key: the last one wins.
 * @param {Uint8Array} bytes
 * @returns {Info}
 */
export function decodeInfo(bytes) {
  const text = after(infoPrefix, bytes).trimStart();
  if (!text.startsWith('\\')) throw invalid(infoPrefix.length, 'pairs of key and value');
  const parts = text.slice(1).split('\\');
  /** @type {Map<string, string>} */
  const values = new Map();
  for (let i = 0; i + 1 < parts.length; i += 2) {
    values.set(String(parts[i]).toLowerCase(), String(parts[i + 1]).trim());
  }
  return { kind: 'info', values };
}

/**
 * `getservers [game] <protocol> [empty] [full] [gametype=X | ffa | tourney | team | ctf]`, and the same behind
 * `getserversExt`, where the game is required and `ipv4` and `ipv6` may be named.
 * @param {Uint8Array} bytes
 * @returns {ListRequest}
 */
export function decodeListRequest(bytes) {
  const extended = startsWith(extendedListPrefix, bytes);
  const prefix = extended ? extendedListPrefix : listPrefix;
  const words = after(prefix, bytes).split(/\s+/).filter(Boolean);
  const isNumber = /^\d{1,9}$/;
  const first = words[0] ?? '';
  const game = !extended && isNumber.test(first) ? '' : String(words.shift() ?? '');
  const protocol = words.shift() ?? '';
  if (!isNumber.test(protocol)) throw invalid(prefix.length, 'a protocol');
  const families = { ipv4: words.includes('ipv4'), ipv6: words.includes('ipv6') };
  const both = extended && !families.ipv4 && !families.ipv6;
  return {
    kind: 'list',
    extended,
    game,
    protocol: Number(protocol),
    empty: words.includes('empty'),
    full: words.includes('full'),
    gameType: gameTypeIn(words),
    ipv4: !extended || both || families.ipv4,
    ipv6: extended && (both || families.ipv6),
  };
}

/** @type {Readonly<Record<string, string>>} */
const gameTypeWords = { ffa: '0', tourney: '1', team: '3', ctf: '4' };

/** @param {readonly string[]} words */
function gameTypeIn(words) {
  for (const word of words) {
    const named = gameTypeWords[word];
    if (named !== undefined) return named;
    if (word.startsWith('gametype=')) return word.slice('gametype='.length);
  }
  return undefined;
}

/**
 * The question that a server answers with `infoResponse`; 8 digits, so that it is shorter than any heartbeat.
 * @param {number} challenge 31 bits
 */
export const encodeInfoRequest = (challenge) =>
  Buffer.from(`${header}getinfo ${challenge.toString(16).padStart(8, '0')}`, 'latin1');

/**
 * The challenge that an answer repeats; NaN for anything that is none of ours.
 * @param {Info} info
 */
export function challengeOf({ values }) {
  const text = values.get('challenge') ?? '';
  return /^[0-9a-f]{8}$/.test(text) ? Number.parseInt(text, 16) : Number.NaN;
}

/**
 * All packets of a list, at most so many: `\` and six bytes for IPv4, `/` and 18 for IPv6, and in the last one the
 * end mark, which some clients wait for.
 * @param {Iterable<import('beaconry').PeerAddress>} servers
 * @param {boolean} extended
 * @param {number} most
 * @returns {Uint8Array[]}
 */
export function encodeList(servers, extended, most) {
  const title = `${header}${extended ? 'getserversExtResponse' : 'getserversResponse'}`;
  const begin = () => new ByteWriter(longestMessage).bytes(Buffer.from(title, 'latin1'));
  const full = [];
  const address = new Uint8Array(16);
  let page = begin();
  for (const server of servers) {
    server.writeBytes(address, 0);
    const bytes = server.isIPv4 ? address.subarray(12) : address;
    const isLast = full.length + 1 === most;
    const room = longestMessage - page.length - (isLast ? endMark.length : 0);
    if (1 + bytes.length + 2 > room) {
      if (isLast) break;
      full.push(page.toBytes());
      page = begin();
    }
    page
      .u8(server.isIPv4 ? 0x5c : 0x2f)
      .bytes(bytes)
      .u16be(server.port);
  }
  if (page.length + endMark.length > longestMessage) {
    full.push(page.toBytes());
    page = begin();
  }
  full.push(page.bytes(endMark).toBytes());
  return full;
}

const endMark = Buffer.from('\\EOT\0\0\0', 'latin1');

const text = (/** @type {Uint8Array} */ bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

const startsWith = (/** @type {string} */ prefix, /** @type {Uint8Array} */ bytes) =>
  text(bytes.subarray(0, prefix.length)) === prefix;

/**
 * The text behind the prefix, up to a NUL: old engines send one.
 * @param {string} prefix
 * @param {Uint8Array} bytes
 */
function after(prefix, bytes) {
  if (bytes.length > longestMessage) {
    throw new DecodeError('invalid', longestMessage, `is longer than ${longestMessage} bytes`);
  }
  if (!startsWith(prefix, bytes))
    throw new DecodeError('unexpected', 0, `is no ${prefix.slice(4)}`);
  const all = text(bytes.subarray(prefix.length));
  const end = all.indexOf('\0');
  return end < 0 ? all : all.slice(0, end);
}

const invalid = (/** @type {number} */ offset, /** @type {string} */ what) =>
  new DecodeError('invalid', offset, `has no ${what}`);
