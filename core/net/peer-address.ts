import ipaddr from 'ipaddr.js';

/**
 * An IP address and port as five integers, so that tables hash and compare without text.
 * IPv4 is kept in its mapped form (`::ffff:a.b.c.d`), which makes one form for every family.
 * Addresses of received datagrams are reused views: `copy()` keeps one.
 */
export class PeerAddress {
  /** The 128 address bits in network order as signed 32-bit words; `d` is the whole address for IPv4. */
  a = 0;
  b = 0;
  c = 0;
  d = 0;
  port = 0;
  #host: string | undefined;

  get isIPv4(): boolean {
    return this.a === 0 && this.b === 0 && this.c === 0xffff;
  }

  /** Canonical text of the address without port. */
  get host(): string {
    this.#host ??= this.#format();
    return this.#host;
  }

  /**
   * Whose connections and bytes are counted together: the IPv4 address, or the /64 of an IPv6 one, of which a
   * single party holds all 2^64 addresses.
   */
  get party(): string {
    return this.isIPv4 ? this.host : `${this.a}:${this.b}`;
  }

  set(a: number, b: number, c: number, d: number, port: number): this {
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
    this.port = port;
    this.#host = undefined;
    return this;
  }

  /** Takes the text that the socket gave, which is an IP literal, with a zone for link-local IPv6. */
  setText(host: string, port: number): this {
    const ipv4 = parseIPv4(host);
    if (ipv4 !== undefined) {
      this.set(0, 0, 0xffff, ipv4, port);
      this.#host = host;
      return this;
    }
    if (host.startsWith('::ffff:')) {
      // Dual-stack sockets print IPv4 peers this way.
      const mapped = parseIPv4(host.slice(7));
      if (mapped !== undefined) return this.set(0, 0, 0xffff, mapped, port);
    }
    const parsed = ipaddr.IPv6.parse(host);
    const [p0 = 0, p1 = 0, p2 = 0, p3 = 0, p4 = 0, p5 = 0, p6 = 0, p7 = 0] = parsed.parts;
    this.set((p0 << 16) | p1, (p2 << 16) | p3, (p4 << 16) | p5 | 0, (p6 << 16) | p7, port);
    if (parsed.zoneId !== undefined) this.#host = host;
    return this;
  }

  /** Takes 16 address bytes in network order, IPv4 mapped. */
  setBytes(bytes: Uint8Array, offset: number, port: number): this {
    return this.set(
      readWord(bytes, offset),
      readWord(bytes, offset + 4),
      readWord(bytes, offset + 8),
      readWord(bytes, offset + 12),
      port,
    );
  }

  /** Writes the 16 address bytes in network order. */
  writeBytes(target: Uint8Array, offset: number): void {
    writeWord(target, offset, this.a);
    writeWord(target, offset + 4, this.b);
    writeWord(target, offset + 8, this.c);
    writeWord(target, offset + 12, this.d);
  }

  equals(other: PeerAddress): boolean {
    return this.port === other.port && this.sameHost(other);
  }

  sameHost(other: PeerAddress): boolean {
    return this.d === other.d && this.c === other.c && this.b === other.b && this.a === other.a;
  }

  copy(): PeerAddress {
    const copy = new PeerAddress().set(this.a, this.b, this.c, this.d, this.port);
    copy.#host = this.#host;
    return copy;
  }

  /** `127.0.0.1:27015`, `[::1]:27015`. */
  toString(): string {
    return this.isIPv4 ? `${this.host}:${this.port}` : `[${this.host}]:${this.port}`;
  }

  #format(): string {
    if (this.isIPv4) {
      const d = this.d;
      return `${d >>> 24}.${(d >>> 16) & 255}.${(d >>> 8) & 255}.${d & 255}`;
    }
    const bytes = new Uint8Array(16);
    this.writeBytes(bytes, 0);
    return ipaddr.fromByteArray([...bytes]).toString();
  }

  static of(host: string, port: number): PeerAddress {
    return new PeerAddress().setText(host, port);
  }

  /** Reads `a.b.c.d:port` or `[v6]:port`; undefined when it is neither. */
  static parse(text: string): PeerAddress | undefined {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|(\d+\.\d+\.\d+\.\d+)):(\d{1,5})$/.exec(text);
    const host = match?.[1] ?? match?.[2];
    const port = Number(match?.[3]);
    if (host === undefined || port > 65535) return undefined;
    if (match?.[1] === undefined ? parseIPv4(host) === undefined : !ipaddr.IPv6.isValid(host)) {
      return undefined;
    }
    return PeerAddress.of(host, port);
  }
}

const readWord = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);

const writeWord = (bytes: Uint8Array, at: number, word: number): void => {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
};

/** A dotted quad as a signed 32-bit integer without building strings; undefined for anything else. */
function parseIPv4(text: string): number | undefined {
  let address = 0;
  let part = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 46) {
      if (digits === 0 || ++dots > 3) return undefined;
      address = (address << 8) | part;
      part = 0;
      digits = 0;
    } else {
      const digit = code - 48;
      if (digit < 0 || digit > 9 || ++digits > 3) return undefined;
      part = part * 10 + digit;
      if (part > 255) return undefined;
    }
  }
  return dots === 3 && digits > 0 ? (address << 8) | part : undefined;
}
