import type { PeerAddress } from 'beaconry';

/** No node; real ones begin at 1. */
const none = 0;

/**
 * Prefixes of 128-bit addresses with a value each, as a path-compressed binary tree in flat arrays: at most
 * two nodes for each prefix, as many steps as there are prefixes around an address plus branches towards
 * it (never more than 129), no allocation when asked.
 */
export class PrefixTree<T> {
  /** Four words for each node: the prefix, host bits 0. */
  #words = new Int32Array(4 * 16);
  #bits = new Uint8Array(16);
  /** Children by the bit behind the prefix, two for each node. */
  #children = new Int32Array(2 * 16);
  #values: (T | undefined)[] = [undefined];
  #root = none;
  #used = 1;
  /** Free nodes, linked through their first child. */
  #free = none;
  #size = 0;
  #nodes = 0;

  /** Prefixes with a value. */
  get size(): number {
    return this.#size;
  }

  /** Nodes in use; 0 when empty. */
  get nodes(): number {
    return this.#nodes;
  }

  /** The value of the shortest prefix around the address. */
  find(address: PeerAddress): T | undefined {
    let node = this.#root;
    while (node !== none) {
      const bits = this.#bits[node] as number;
      if (this.#common(node, address) < bits) return undefined;
      const value = this.#values[node];
      if (value !== undefined) return value;
      if (bits === 128) return undefined;
      node = this.#child(node, bitAt(address, bits));
    }
    return undefined;
  }

  /** The value of exactly this prefix. */
  get(prefix: PeerAddress, bits: number): T | undefined {
    let node = this.#root;
    while (node !== none) {
      const own = this.#bits[node] as number;
      if (own > bits || this.#common(node, prefix) < own) return undefined;
      if (own === bits) return this.#values[node];
      node = this.#child(node, bitAt(prefix, own));
    }
    return undefined;
  }

  /** Bits of the prefix behind `bits` must be 0. */
  set(prefix: PeerAddress, bits: number, value: T): void {
    let parent = none;
    let node = this.#root;
    for (;;) {
      if (node === none) {
        this.#link(parent, prefix, this.#create(prefix, bits, value));
        return;
      }
      const own = this.#bits[node] as number;
      const common = Math.min(this.#common(node, prefix), own, bits);
      if (common < own) {
        this.#link(parent, prefix, this.#above(node, common, prefix, bits, value));
        return;
      }
      if (own === bits) {
        if (this.#values[node] === undefined) this.#size++;
        this.#values[node] = value;
        return;
      }
      parent = node;
      node = this.#child(node, bitAt(prefix, own));
    }
  }

  delete(prefix: PeerAddress, bits: number): boolean {
    let grandparent = none;
    let parent = none;
    let node = this.#root;
    while (node !== none) {
      const own = this.#bits[node] as number;
      if (own > bits || this.#common(node, prefix) < own) return false;
      if (own === bits) break;
      grandparent = parent;
      parent = node;
      node = this.#child(node, bitAt(prefix, own));
    }
    if (node === none || this.#values[node] === undefined) return false;
    this.#values[node] = undefined;
    this.#size--;
    this.#spliceOut(parent, node);
    // A branch exists for its two children alone.
    if (parent !== none && this.#values[parent] === undefined) this.#spliceOut(grandparent, parent);
    return true;
  }

  /** A node between a parent and `node`: the new prefix itself, or a branch over both. */
  #above(node: number, common: number, prefix: PeerAddress, bits: number, value: T): number {
    const side = this.#bitOfNode(node, common);
    const fresh = this.#create(prefix, bits, value);
    if (common === bits) {
      this.#children[fresh * 2 + side] = node;
      return fresh;
    }
    const branch = this.#create(prefix, common, undefined);
    this.#children[branch * 2 + side] = node;
    this.#children[branch * 2 + (1 - side)] = fresh;
    return branch;
  }

  /** Takes out a node without a value unless it has two children. */
  #spliceOut(parent: number, node: number): void {
    const left = this.#children[node * 2] as number;
    const right = this.#children[node * 2 + 1] as number;
    if (left !== none && right !== none) return;
    const rest = left === none ? right : left;
    if (parent === none) this.#root = rest;
    else {
      const side = (this.#children[parent * 2] as number) === node ? 0 : 1;
      this.#children[parent * 2 + side] = rest;
    }
    this.#children[node * 2] = this.#free;
    this.#free = node;
    this.#nodes--;
  }

  #create(prefix: PeerAddress, bits: number, value: T | undefined): number {
    const node = this.#allocate();
    this.#words[node * 4] = prefix.a & maskOf(bits);
    this.#words[node * 4 + 1] = prefix.b & maskOf(bits - 32);
    this.#words[node * 4 + 2] = prefix.c & maskOf(bits - 64);
    this.#words[node * 4 + 3] = prefix.d & maskOf(bits - 96);
    this.#bits[node] = bits;
    this.#children[node * 2] = none;
    this.#children[node * 2 + 1] = none;
    this.#values[node] = value;
    this.#nodes++;
    if (value !== undefined) this.#size++;
    return node;
  }

  #allocate(): number {
    if (this.#free !== none) {
      const node = this.#free;
      this.#free = this.#children[node * 2] as number;
      return node;
    }
    if (this.#used === this.#bits.length) {
      this.#words = grown(this.#words, Int32Array);
      this.#children = grown(this.#children, Int32Array);
      this.#bits = grown(this.#bits, Uint8Array);
    }
    return this.#used++;
  }

  #link(parent: number, prefix: PeerAddress, node: number): void {
    if (parent === none) this.#root = node;
    else this.#children[parent * 2 + bitAt(prefix, this.#bits[parent] as number)] = node;
  }

  #child(node: number, side: number): number {
    return this.#children[node * 2 + side] as number;
  }

  #bitOfNode(node: number, index: number): number {
    return ((this.#words[node * 4 + (index >>> 5)] as number) >>> (31 - (index & 31))) & 1;
  }

  /** Leading bits that a node's words and an address have in common. */
  #common(node: number, { a, b, c, d }: PeerAddress): number {
    const words = this.#words;
    const at = node * 4;
    let differing = (words[at] as number) ^ a;
    if (differing !== 0) return Math.clz32(differing);
    differing = (words[at + 1] as number) ^ b;
    if (differing !== 0) return 32 + Math.clz32(differing);
    differing = (words[at + 2] as number) ^ c;
    if (differing !== 0) return 64 + Math.clz32(differing);
    differing = (words[at + 3] as number) ^ d;
    return 96 + Math.clz32(differing);
  }
}

const maskOf = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? -1 : ~(0xffffffff >>> bits));

const bitAt = ({ a, b, c, d }: PeerAddress, index: number): number => {
  const word = index < 32 ? a : index < 64 ? b : index < 96 ? c : d;
  return (word >>> (31 - (index & 31))) & 1;
};

const grown = <A extends Int32Array | Uint8Array>(old: A, Kind: new (length: number) => A): A => {
  const larger = new Kind(old.length * 2);
  larger.set(old);
  return larger;
};
