import { createCipheriv, createDecipheriv } from 'node:crypto';
import { DATA, FLAG_PHASE, MIN_DATA, numberOf, writeWord } from '../data-codec.js';
import { type DirectionKeys, nextPhase } from '../relay-keys.js';
import { ReplayWindows } from '../replay-windows.js';

const PHASE_PACKETS = 2 ** 30;
const PHASE_TIME = 3_600_000;
const OLD_PHASE_TIME = 3000;

export interface OpenedPacket {
  readonly flags: number;
  readonly portIndex: number;
  readonly payload: Uint8Array;
}

/** Encryption from agent to agent: one direction out, one in (R1, "Data"). Relays have none of these keys. */
export class EndToEnd {
  #number = 0;
  #phase = 0;
  #phaseBegan: number;
  #phaseNumber = 0;
  #received = { keys: {} as DirectionKeys, phase: 0, changedAt: Number.NEGATIVE_INFINITY };
  #before: DirectionKeys | undefined;
  readonly #window = new ReplayWindows(1);
  readonly #nonce = Buffer.alloc(12);
  readonly #associated = Buffer.alloc(9);

  constructor(
    private out: DirectionKeys,
    incoming: DirectionKeys,
    now: number,
    private readonly phaseTime = PHASE_TIME,
  ) {
    this.#received.keys = incoming;
    this.#phaseBegan = now;
  }

  /** Number of the newest packet that went out. */
  get number(): number {
    return this.#number;
  }

  /** A data packet without session id and hop tag, with room for them. */
  seal(flags: number, portIndex: number, payload: Uint8Array, now: number): Uint8Array {
    const number = ++this.#number;
    if (number - this.#phaseNumber > PHASE_PACKETS || now - this.#phaseBegan > this.phaseTime) {
      this.out = nextPhase(this.out);
      this.#phase ^= FLAG_PHASE;
      this.#phaseBegan = now;
      this.#phaseNumber = number;
    }
    const bytes = new Uint8Array(MIN_DATA + payload.length);
    bytes[0] = DATA | flags | this.#phase;
    writeWord(bytes, 5, number);
    const cipher = createCipheriv('aes-256-gcm', this.out.key, this.#nonceOf(this.out, number), {
      authTagLength: 16,
    });
    cipher.setAAD(this.#associatedOf(bytes[0], number));
    const plain = Buffer.allocUnsafe(2 + payload.length);
    plain.writeUInt16LE(portIndex, 0);
    plain.set(payload, 2);
    bytes.set(cipher.update(plain), 9);
    cipher.final();
    bytes.set(cipher.getAuthTag(), 9 + plain.length);
    return bytes;
  }

  /** Opens a packet whose hop tag is right; undefined: not from the far agent, or repeated. */
  open(bytes: Uint8Array, number: number, now: number): OpenedPacket | undefined {
    if (number % 4294967296 !== numberOf(bytes) || !this.#window.isFresh(0, number)) {
      return undefined;
    }
    const phase = (bytes[0] as number) & FLAG_PHASE;
    const received = this.#received;
    let plain: Uint8Array | undefined;
    if (phase === received.phase) {
      plain = this.#decrypt(received.keys, bytes, number);
    } else {
      if (this.#before !== undefined && now - received.changedAt < OLD_PHASE_TIME) {
        plain = this.#decrypt(this.#before, bytes, number);
      } else {
        const next = nextPhase(received.keys);
        plain = this.#decrypt(next, bytes, number);
        if (plain !== undefined) {
          this.#before = received.keys;
          this.#received = { keys: next, phase, changedAt: now };
        }
      }
    }
    if (plain === undefined || plain.length < 2) return undefined;
    this.#window.note(0, number);
    return {
      flags: (bytes[0] as number) & 3,
      portIndex: (plain[0] as number) | ((plain[1] as number) << 8),
      payload: plain.subarray(2),
    };
  }

  #decrypt(keys: DirectionKeys, bytes: Uint8Array, number: number): Uint8Array | undefined {
    const end = bytes.length - 24;
    const decipher = createDecipheriv('aes-256-gcm', keys.key, this.#nonceOf(keys, number), {
      authTagLength: 16,
    });
    decipher.setAAD(this.#associatedOf(bytes[0] as number, number));
    decipher.setAuthTag(bytes.subarray(end, end + 16));
    const plain = decipher.update(bytes.subarray(9, end));
    try {
      decipher.final();
      return plain;
    } catch {
      return undefined;
    }
  }

  #nonceOf({ iv }: DirectionKeys, number: number): Uint8Array {
    const nonce = this.#nonce;
    nonce.set(iv);
    nonce.writeInt32LE(nonce.readInt32LE(4) ^ (number | 0), 4);
    nonce.writeInt32LE(nonce.readInt32LE(8) ^ Math.floor(number / 4294967296), 8);
    return nonce;
  }

  #associatedOf(first: number, number: number): Uint8Array {
    const associated = this.#associated;
    associated[0] = first;
    associated.writeUInt32LE(number % 4294967296, 1);
    associated.writeUInt32LE(Math.floor(number / 4294967296), 5);
    return associated;
  }
}
