import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.js';
import type { Json } from '../store/store.js';
import type { Bus } from './bus.js';

export interface SharedEntriesOptions<T extends Json> {
  readonly bus: Bus;
  readonly clock: Clock;
  /** Of this node; see `ServerFacts`. */
  readonly node: string;
  /** Channel of its own below the plugin's. */
  readonly channel: string;
  /** Another node has this entry now, or changed it. */
  readonly onPut?: (key: string, value: T, node: string) => void;
  /** The entry is gone: taken back, or its node fell silent. */
  readonly onDrop?: (key: string, value: T, node: string) => void;
}

/** What travels. `run` is one life of a node, `count` how many changes it has made: a gap shows in the number. */
type Word =
  | {
      readonly kind: 'change';
      readonly run: string;
      readonly count: number;
      readonly key: string;
      readonly value: Json;
    }
  | { readonly kind: 'drop'; readonly run: string; readonly count: number; readonly key: string }
  | { readonly kind: 'beat'; readonly run: string; readonly count: number }
  | { readonly kind: 'ask'; readonly run: string }
  | {
      readonly kind: 'all';
      readonly run: string;
      readonly count: number;
      readonly first: boolean;
      readonly last: boolean;
      readonly entries: readonly (readonly [string, Json])[];
    }
  | { readonly kind: 'bye'; readonly run: string };

interface OtherNode<T> {
  run: string;
  count: number;
  /** Its entries are complete up to `count`. */
  complete: boolean;
  heardAt: number;
  askedAt: number;
  readonly entries: Map<string, T>;
  /** Keys of the list that is arriving. */
  arriving: Set<string> | undefined;
}

const beatInterval = 1000;
/** A node that says nothing for so long is gone, and its entries with it. */
export const nodeSilence = 6000;
const askAgain = 500;
/** Entries of one message of a whole list. */
const chunk = 200;

/**
 * Entries that live as long as the node that holds them: who is connected where, which room is where. Each node
 * says its own and keeps those of all others in memory; nothing is written down. A missed word shows in a number
 * and is made good within a second, a node that died is forgotten after six.
 */
export class SharedEntries<T extends Json> {
  readonly #own = new Map<string, T>();
  readonly #others = new Map<string, OtherNode<T>>();
  readonly #run = randomBytes(9).toString('base64url');
  readonly #endings: (() => void)[] = [];
  #count = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: SharedEntriesOptions<T>) {
    const { bus, clock, channel, node } = options;
    if (!bus.shared) return;
    this.#endings.push(
      bus.subscribe(channel, (word, from) => this.#hear(word as unknown as Word, from)),
      bus.onGap(() => this.#start()),
      clock.every(beatInterval, () => this.#beat()),
    );
    void node;
    this.#start();
  }

  /** Nodes that are heard, without this one. */
  get nodes(): number {
    return this.#others.size;
  }

  put(key: string, value: T): void {
    this.#own.set(key, value);
    if (this.options.bus.shared)
      this.#say({ kind: 'change', run: this.#run, count: ++this.#count, key, value });
  }

  drop(key: string): void {
    if (!this.#own.delete(key)) return;
    if (this.options.bus.shared)
      this.#say({ kind: 'drop', run: this.#run, count: ++this.#count, key });
  }

  /** The entry of another node; where several have it, of one of them. */
  find(key: string): { readonly node: string; readonly value: T } | undefined {
    for (const [node, other] of this.#others) {
      const value = other.entries.get(key);
      if (value !== undefined) return { node, value };
    }
    return undefined;
  }

  /** Entries of all other nodes. */
  *others(): Generator<readonly [key: string, value: T, node: string]> {
    for (const [node, { entries }] of this.#others) {
      for (const [key, value] of entries) yield [key, value, node];
    }
  }

  /** Takes all own entries back. */
  close(): void {
    if (this.options.bus.shared) this.#say({ kind: 'bye', run: this.#run });
    for (const end of this.#endings.splice(0)) end();
    this.#own.clear();
    this.#others.clear();
  }

  #start(): void {
    this.#say({ kind: 'ask', run: this.#run });
    this.#tellAll();
  }

  #beat(): void {
    this.#say({ kind: 'beat', run: this.#run, count: this.#count });
    const now = this.options.clock.monotonic();
    for (const [node, other] of this.#others) {
      if (now - other.heardAt > nodeSilence) this.#forget(node, other);
      else if (!other.complete) this.#ask(other);
    }
  }

  #hear(word: Word, from: string): void {
    if (word.run === this.#run) return;
    const known = this.#others.get(from);
    if (word.kind === 'bye') {
      if (known?.run === word.run) this.#forget(from, known);
      return;
    }
    if (word.kind === 'ask') {
      this.#tellAll();
      return;
    }
    const other = this.#nodeOf(from, word.run, known);
    switch (word.kind) {
      case 'beat':
        if (word.count !== other.count) other.complete = false;
        break;
      case 'change':
        if (word.count !== other.count + 1) other.complete = false;
        else other.count = word.count;
        other.arriving?.add(word.key);
        this.#put(other, word.key, word.value as T, from);
        break;
      case 'drop':
        if (word.count !== other.count + 1) other.complete = false;
        else other.count = word.count;
        this.#drop(other, word.key, from);
        break;
      case 'all':
        this.#takeAll(other, word, from);
        break;
    }
    if (!other.complete) this.#ask(other);
  }

  #takeAll(other: OtherNode<T>, word: Word & { kind: 'all' }, from: string): void {
    if (word.first) other.arriving = new Set();
    const { arriving } = other;
    // Its beginning was missed: a later list is complete.
    if (arriving === undefined) return;
    for (const [key, value] of word.entries) {
      arriving.add(key);
      this.#put(other, key, value as T, from);
    }
    if (!word.last) return;
    for (const key of [...other.entries.keys()]) {
      if (!arriving.has(key)) this.#drop(other, key, from);
    }
    other.arriving = undefined;
    other.count = word.count;
    other.complete = true;
  }

  #nodeOf(from: string, run: string, known: OtherNode<T> | undefined): OtherNode<T> {
    const now = this.options.clock.monotonic();
    if (known !== undefined && known.run === run) {
      known.heardAt = now;
      return known;
    }
    // It was started again: what it held before is gone.
    if (known !== undefined) this.#forget(from, known);
    const other: OtherNode<T> = {
      run,
      count: 0,
      complete: false,
      heardAt: now,
      askedAt: Number.NEGATIVE_INFINITY,
      entries: new Map(),
      arriving: undefined,
    };
    this.#others.set(from, other);
    return other;
  }

  #put(other: OtherNode<T>, key: string, value: T, node: string): void {
    other.entries.set(key, value);
    this.options.onPut?.(key, value, node);
  }

  #drop(other: OtherNode<T>, key: string, node: string): void {
    const value = other.entries.get(key);
    if (value === undefined) return;
    other.entries.delete(key);
    this.options.onDrop?.(key, value, node);
  }

  #forget(node: string, other: OtherNode<T>): void {
    this.#others.delete(node);
    for (const [key, value] of other.entries) this.options.onDrop?.(key, value, node);
  }

  #ask(other: OtherNode<T>): void {
    const now = this.options.clock.monotonic();
    if (now - other.askedAt < askAgain) return;
    other.askedAt = now;
    this.#say({ kind: 'ask', run: this.#run });
  }

  /** The whole list, at most twice a second, however many ask. */
  #tellAll(): void {
    const now = this.options.clock.monotonic();
    if (now - this.#toldAt < askAgain) return;
    this.#toldAt = now;
    const all = [...this.#own];
    for (let i = 0; i === 0 || i < all.length; i += chunk) {
      this.#say({
        kind: 'all',
        run: this.#run,
        count: this.#count,
        first: i === 0,
        last: i + chunk >= all.length,
        entries: all.slice(i, i + chunk),
      });
    }
  }

  #say(word: Word): void {
    this.options.bus.publish(this.options.channel, word as unknown as Json);
  }
}
