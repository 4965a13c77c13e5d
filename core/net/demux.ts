import { ServerError } from '../errors.js';

interface TrieNode<T> {
  readonly next: (TrieNode<T> | undefined)[];
  entry?: { readonly owner: string; readonly value: T };
}

const newNode = <T>(): TrieNode<T> => ({ next: [] });

/** Finds the entry with the longest prefix of a datagram. */
export class Demux<T> {
  readonly #root: TrieNode<T> = newNode();

  constructor(private readonly endpoint: string) {}

  add(prefix: Uint8Array, owner: string, value: T): () => void {
    let node = this.#root;
    for (const byte of prefix) {
      node.next[byte] ??= newNode();
      node = node.next[byte];
    }
    if (node.entry !== undefined) {
      throw new ServerError(
        'PREFIX_TAKEN',
        `plugins ${node.entry.owner} and ${owner} both want datagrams on endpoint ${this.endpoint} that ` +
          `${prefix.length === 0 ? 'nobody else takes' : `begin with ${Buffer.from(prefix).toString('hex')}`}; ` +
          'give one of them another endpoint',
      );
    }
    node.entry = { owner, value };
    return () => {
      delete node.entry;
    };
  }

  find(bytes: Uint8Array): T | undefined {
    let node: TrieNode<T> | undefined = this.#root;
    let found = node.entry;
    for (let i = 0; i < bytes.length; i++) {
      node = node.next[bytes[i] as number];
      if (node === undefined) break;
      if (node.entry !== undefined) found = node.entry;
    }
    return found?.value;
  }
}
