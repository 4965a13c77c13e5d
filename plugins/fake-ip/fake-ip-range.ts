import type { PeerAddress } from 'beaconry';

/** What an address is (sdr section 11). */
export type FakeIpKind = 'invalid' | 'notFake' | 'global' | 'local';

/** Virtual port of the first port of a global FakeIP (sdr section 11). */
export const GLOBAL_PORT = 0x7fffff00;
/** Past the last one; the port of message sessions. */
const END_OF_GLOBAL_PORTS = 0x7fffffff;

/** Whether a virtual port is one of a FakeIP: reached with an auto ticket that names it, and no other. */
export const isFakeIpPort = (virtualPort: number): boolean =>
  virtualPort >= GLOBAL_PORT && virtualPort < END_OF_GLOBAL_PORTS;

const FAKE = 0xa9fe;
const FIRST_PORT = 1025;

/** 169.254.1.0 to 169.254.127.255 is global, .128.0 to .254.255 local, without the metadata address of clouds. */
export function fakeIpKind({ isIPv4, d, port }: PeerAddress): FakeIpKind {
  const address = d >>> 0;
  if (!isIPv4 || address >>> 16 !== FAKE) return 'notFake';
  const third = (address >>> 8) & 255;
  if (third === 0 || third === 255 || address === 0xa9fea9fe || port < FIRST_PORT) return 'invalid';
  return third < 128 ? 'global' : 'local';
}

/** An address of a kind out of a number from 0 to 1. */
export function pickFakeIp(kind: 'global' | 'local', chance: number): string {
  const count = (kind === 'global' ? 127 : 127) * 256;
  const number = Math.floor(chance * count) + (kind === 'global' ? 256 : 128 * 256);
  const [third, fourth] = [number >>> 8, number & 255];
  return third === 169 && fourth === 254 ? '169.254.169.253' : `169.254.${third}.${fourth}`;
}

/** The first of `count` ports in a row. */
export const pickPort = (chance: number, count: number): number =>
  FIRST_PORT + Math.floor(chance * (65536 - FIRST_PORT - count + 1));
