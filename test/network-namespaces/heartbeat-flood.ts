/**
 * Floods a master with heartbeats from all addresses of one /24 and one /64, each from a port that was never used
 * before: asks for a challenge, joins with it, is never seen again. Argument: JSON of {@link Flood}. Prints how many
 * heartbeats it sent, and how many challenges came.
 */
import { createRequire } from 'node:module';
import { isIPv4 } from 'node:net';

/** What is flooded, and from where. */
export interface Flood {
  readonly ipv4: { readonly master: string; readonly prefix: string };
  readonly ipv6: { readonly master: string; readonly prefix: string };
  readonly port: number;
  readonly perSecond: number;
  readonly seconds: number;
}

export interface Flooded {
  readonly heartbeats: number;
  readonly challenges: number;
  readonly perSecond: number;
}

type Call = (...args: readonly unknown[]) => number;
const library = createRequire(import.meta.url)('koffi').load(null) as { func(text: string): Call };
const openSocket = library.func('int socket(int, int, int)');
const bind = library.func('int bind(int, void *, uint32_t)');
const sendTo = library.func('long sendto(int, void *, size_t, int, void *, uint32_t)');
const receive = library.func('long recv(int, void *, size_t, int)');
const close = library.func('int close(int)');

const AF_INET = 2;
const AF_INET6 = 10;
const DATAGRAM_NONBLOCKING = 2 | 0o4000;
const tick = 10;

const flood = JSON.parse(process.argv[2] ?? '') as Flood;
const inbox = Buffer.alloc(64);
const request = Buffer.from('q');
const waiting: { descriptor: number; to: Buffer }[] = [];
const count = { heartbeats: 0, challenges: 0 };
const begun = performance.now();

/** A `sockaddr_in` or `sockaddr_in6`. */
function socketAddress(host: string, port: number): Buffer {
  if (isIPv4(host)) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt16LE(AF_INET, 0);
    bytes.writeUInt16BE(port, 2);
    Buffer.from(host.split('.').map(Number)).copy(bytes, 4);
    return bytes;
  }
  const bytes = Buffer.alloc(28);
  bytes.writeUInt16LE(AF_INET6, 0);
  bytes.writeUInt16BE(port, 2);
  const [head = '', tail = ''] = host.split('::');
  const words = (text: string) => text.split(':').filter(Boolean);
  for (const [n, word] of words(head).entries())
    bytes.writeUInt16BE(Number.parseInt(word, 16), 8 + n * 2);
  const last = words(tail);
  for (const [n, word] of last.entries()) {
    bytes.writeUInt16BE(Number.parseInt(word, 16), 24 - (last.length - n) * 2);
  }
  return bytes;
}

function ask(n: number): void {
  const isFirst = n % 2 === 0;
  const { master, prefix } = isFirst ? flood.ipv4 : flood.ipv6;
  const host = isFirst
    ? `${prefix}${1 + ((n >> 1) % 254)}`
    : `${prefix}${(n & 0xffff).toString(16)}`;
  const to = socketAddress(master, flood.port);
  const from = socketAddress(host, 1024 + ((n >> 1) % 64_000));
  const descriptor = openSocket(isFirst ? AF_INET : AF_INET6, DATAGRAM_NONBLOCKING, 0);
  if (bind(descriptor, from, from.length) !== 0) throw new Error(`cannot bind ${host}`);
  sendTo(descriptor, request, request.length, 0, to, to.length);
  waiting.push({ descriptor, to });
}

/** Joins with the challenge that came, if one did. */
function finish({ descriptor, to }: { descriptor: number; to: Buffer }): void {
  if (receive(descriptor, inbox, inbox.length, 0) >= 10) {
    count.challenges++;
    const challenge = inbox.readUInt32LE(6);
    const join = Buffer.from(`0\n\\protocol\\7\\challenge\\${challenge}\\players\\9\\max\\16\n`);
    sendTo(descriptor, join, join.length, 0, to, to.length);
  }
  close(descriptor);
}

let asked = 0;
const timer = setInterval(() => {
  const passed = performance.now() - begun;
  for (const one of waiting.splice(0)) finish(one);
  if (passed >= flood.seconds * 1000) {
    clearInterval(timer);
    const perSecond = Math.round(asked / (passed / 1000));
    console.log(JSON.stringify({ ...count, heartbeats: asked, perSecond } satisfies Flooded));
    return;
  }
  const due = Math.min((passed * flood.perSecond) / 1000, asked + 2000);
  while (asked < due) ask(asked++);
}, tick);
