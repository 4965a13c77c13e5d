import { createRequire } from 'node:module';

/** Numbers of Linux on 64-bit machines, glibc and musl alike. */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const SOCK_DGRAM = 2;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_SOCKET = 1;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const IPPROTO_IPV6 = 41;
export const IPV6_V6ONLY = 26;
export const SOL_UDP = 17;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;
export const MSG_DONTWAIT = 0x40;
export const EAGAIN = 11;
export const EADDRINUSE = 98;
export const EACCES = 13;
export const EADDRNOTAVAIL = 99;

type Call = (...args: readonly unknown[]) => number;

/** What keeps a descriptor watched; it must stay referenced, since a collected one goes deaf without an error. */
export interface PollHandle {
  stop(): void;
  close(): void;
}

/** The system calls of the native driver, reached through koffi. */
export interface Libc {
  readonly socket: Call;
  readonly bind: Call;
  readonly close: Call;
  readonly setsockopt: Call;
  readonly getsockopt: Call;
  readonly getsockname: Call;
  readonly recvmmsg: Call;
  readonly sendmmsg: Call;
  errno(): number;
  /** Address of a buffer's memory. */
  addressOf(buffer: Uint8Array): bigint;
  /** Calls back whenever the descriptor is readable. */
  poll(descriptor: number, readable: () => void): PollHandle;
}

interface Koffi {
  load(path: null): { func(prototype: string): Call };
  errno(): number;
  address(buffer: Uint8Array): bigint;
  readonly node: {
    poll(descriptor: number, events: { readable: true }, callback: () => void): PollHandle;
  };
}

let loaded: Libc | undefined;

/** Loads koffi, which is an optional dependency; throws why it cannot. */
export function loadLibc(): Libc {
  if (loaded !== undefined) return loaded;
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(`only for 64-bit Linux, this is ${process.platform} ${process.arch}`);
  }
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  if (typeof koffi.node?.poll !== 'function') throw new Error('this koffi cannot poll');
  const library = koffi.load(null);
  loaded = {
    socket: library.func('int socket(int, int, int)'),
    bind: library.func('int bind(int, void *, uint32_t)'),
    close: library.func('int close(int)'),
    setsockopt: library.func('int setsockopt(int, int, int, void *, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, void *, void *)'),
    getsockname: library.func('int getsockname(int, void *, void *)'),
    recvmmsg: library.func('int recvmmsg(int, void *, uint32_t, int, void *)'),
    sendmmsg: library.func('int sendmmsg(int, void *, uint32_t, int)'),
    errno: () => koffi.errno(),
    addressOf: (buffer) => koffi.address(buffer),
    poll: (descriptor, readable) => koffi.node.poll(descriptor, { readable: true }, readable),
  };
  return loaded;
}
