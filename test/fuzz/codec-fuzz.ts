import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DecodeError, ServerError } from 'beaconry';

const built = fileURLToPath(new URL('../../', import.meta.url));
export const corpusFolder = fileURLToPath(new URL('../../../fixtures/fuzz/', import.meta.url));
const packets = fileURLToPath(new URL('../../../fixtures/packets/', import.meta.url));

/** No decoder may take longer for what fits in a datagram or a first frame. */
const slowest = 250;
const longestInput = 4096;
/** Inputs of one codec that are kept. */
const corpusLimit = 48;

/** One decoder: bytes, or text made from them. */
export interface Codec {
  readonly name: string;
  readonly takes: 'bytes' | 'text';
  decode(input: Buffer): unknown;
}

export interface Finding {
  readonly codec: string;
  readonly input: string;
  readonly what: string;
}

/** Every decoder of every codec file that takes one value: a new codec is fuzzed without anybody thinking of it. */
export async function findCodecs(): Promise<Codec[]> {
  const codecs: Codec[] = [];
  /** Barrels give the same decoder again. */
  const known = new Set<unknown>();
  for (const file of codecFiles('')) {
    const module = (await import(pathToFileURL(join(built, file)).href)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) {
      if (!/^(decode|parse)[A-Z]/.test(name) || typeof value !== 'function') continue;
      if (known.has(value)) continue;
      known.add(value);
      const decode = value as (input: unknown) => unknown;
      const takes = ['bytes', 'text'].find((kind) => isTaken(decode, kind as Codec['takes']));
      if (takes === undefined) continue;
      codecs.push({
        name: `${file.replace(/^.*\/|-codec\.js$/g, '')}.${name}`,
        takes: takes as Codec['takes'],
        decode: (input) => decode(takes === 'bytes' ? input : input.toString('utf8')),
      });
    }
  }
  return codecs;
}

function* codecFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(join(built, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (/^(core|plugins|server-browser)($|\/)/.test(path) && !path.includes('web/page')) {
        yield* codecFiles(path);
      }
    } else if (path.endsWith('-codec.js')) yield path;
  }
}

/** A decoder that meets the wrong kind of value fails with an error of the language. */
function isTaken(decode: (input: unknown) => unknown, kind: Codec['takes']): boolean {
  const samples = [
    Buffer.alloc(0),
    Buffer.from('\xff\xff\xff\xffI', 'latin1'),
    Buffer.alloc(64, 1),
  ];
  return samples.every((sample) => {
    try {
      const result = decode(kind === 'bytes' ? sample : sample.toString('utf8'));
      return typeof result !== 'function';
    } catch (error) {
      return isRefusal(error);
    }
  });
}

const isRefusal = (error: unknown): boolean =>
  error instanceof DecodeError || error instanceof ServerError;

/** What became of an input, without its numbers and texts: inputs that end otherwise are worth keeping. */
export function outcomeOf(codec: Codec, input: Buffer): { signature: string; finding?: Finding } {
  const found = (what: string): Finding => ({
    codec: codec.name,
    input: input.toString('hex'),
    what,
  });
  const started = process.cpuUsage();
  let signature: string;
  try {
    signature = `ok ${shapeOf(codec.decode(input), 3)}`;
  } catch (error) {
    if (!isRefusal(error)) return { signature: 'broken', finding: found(String(error)) };
    signature = `refused ${(error as Error).message.replace(/\d+|".*?"/g, '#').slice(0, 80)}`;
  }
  const { user, system } = process.cpuUsage(started);
  const ms = (user + system) / 1000;
  return ms > slowest
    ? { signature, finding: found(`took ${ms.toFixed(0)} ms of CPU`) }
    : { signature };
}

function shapeOf(value: unknown, depth: number): string {
  if (value === null || typeof value !== 'object' || depth === 0) return typeof value;
  if (ArrayBuffer.isView(value)) return 'bytes';
  if (Array.isArray(value)) return `[${value.length > 0 ? shapeOf(value[0], depth - 1) : ''}]`;
  const keys = Object.entries(value).filter(([, one]) => one !== undefined && one !== null);
  return `{${keys.map(([key, one]) => `${key}:${shapeOf(one, depth - 1)}`).join()}}`;
}

/** The inputs of a codec that were kept. */
export function readCorpus({ name }: Codec): Buffer[] {
  try {
    const lines = readFileSync(join(corpusFolder, `${name}.hex`), 'utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => Buffer.from(line, 'hex'));
  } catch {
    return [];
  }
}

/** All example packets of the specifications: what one codec reads, another one must refuse. */
export function examplePackets(): Buffer[] {
  return readdirSync(packets, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.hex'))
    .map((name) => {
      const text = readFileSync(join(packets, name), 'utf8').replace(/#.*$/gm, '');
      return Buffer.from(text.replace(/[^0-9a-fA-F]/g, ''), 'hex');
    });
}

/** Feeds a codec mutations of what it knows; keeps what ends in a new way. */
export class CodecFuzz {
  readonly corpus: Buffer[] = [];
  readonly findings: Finding[] = [];
  runs = 0;
  readonly #seen = new Set<string>();
  #state: number;

  constructor(
    readonly codec: Codec,
    seeds: readonly Buffer[],
    seed: number,
  ) {
    this.#state = seed | 1;
    for (const input of seeds) this.#run(input);
    if (this.corpus.length === 0) this.corpus.push(Buffer.from([0]));
  }

  step(): void {
    const base = this.corpus[this.#below(this.corpus.length)] as Buffer;
    this.#run(this.#mutated(base));
  }

  #run(input: Buffer): void {
    if (input.length > longestInput) return;
    this.runs++;
    const { signature, finding } = outcomeOf(this.codec, input);
    if (finding !== undefined && this.findings.length < 5) this.findings.push(finding);
    if (this.#seen.has(signature) || this.corpus.length >= corpusLimit) return;
    this.#seen.add(signature);
    this.corpus.push(input);
  }

  #mutated(base: Buffer): Buffer {
    let bytes: Buffer = Buffer.from(base);
    for (let count = 1 + this.#below(3); count > 0; count--) bytes = this.#once(bytes);
    return bytes;
  }

  #once(bytes: Buffer): Buffer {
    const at = this.#below(bytes.length + 1);
    switch (this.#below(7)) {
      case 0:
        return bytes.subarray(0, at);
      case 1:
        return Buffer.concat([
          bytes.subarray(0, at),
          this.#noise(1 + this.#below(8)),
          bytes.subarray(at),
        ]);
      case 2: {
        const other = this.corpus[this.#below(this.corpus.length)] as Buffer;
        return Buffer.concat([
          bytes.subarray(0, at),
          other.subarray(this.#below(other.length + 1)),
        ]);
      }
      case 3: {
        const end = Math.min(bytes.length, at + 1 + this.#below(64));
        return Buffer.concat([
          bytes.subarray(0, end),
          bytes.subarray(at, end),
          bytes.subarray(end),
        ]);
      }
      case 4: {
        // Lengths and counts at their ends.
        const extremes = [0, 1, 0x7f, 0x80, 0xff, 0xfe];
        for (let i = at; i < Math.min(bytes.length, at + 1 + this.#below(4)); i++) {
          bytes[i] = extremes[this.#below(extremes.length)] as number;
        }
        return bytes;
      }
      default:
        if (bytes.length > 0) {
          const place = this.#below(bytes.length);
          bytes[place] = (bytes[place] as number) ^ (1 << this.#below(8));
        }
        return bytes;
    }
  }

  #noise(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.#below(256)));
  }

  /** xorshift32: the same seed gives the same inputs. */
  #below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % Math.max(1, limit);
  }
}
