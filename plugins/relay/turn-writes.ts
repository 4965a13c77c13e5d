import type { RelayPeer } from './relay-peer.js';

/** More than this is written at once, even if the peer was written to in this turn. */
const GATHER = 16 * 1024;

/**
 * Which peers have something to be written. The first write to a peer in a turn of the event loop leaves
 * at once; what other senders add in the same turn is gathered into one more, so that a host with many
 * players costs two writes a tick.
 */
export class TurnWrites {
  readonly #dirty: RelayPeer[] = [];
  #turn = 0;
  #turnEnds = false;

  /** `afterTurn` runs a task when this turn has read what there was to read. */
  constructor(private readonly afterTurn: (task: () => void) => void) {}

  add(peer: RelayPeer): void {
    if (peer.dirty) return;
    peer.dirty = true;
    this.#dirty.push(peer);
  }

  /** A chunk was handled. */
  flush(): void {
    const dirty = this.#dirty;
    if (dirty.length === 0) return;
    let kept = 0;
    for (let i = 0; i < dirty.length; i++) {
      const peer = dirty[i] as RelayPeer;
      if (peer.writtenIn === this.#turn && !peer.closing && peer.outbox.gathered <= GATHER) {
        peer.outbox.keep();
        dirty[kept++] = peer;
      } else {
        peer.writtenIn = this.#turn;
        this.#write(peer);
      }
    }
    dirty.length = kept;
    if (this.#turnEnds) return;
    this.#turnEnds = true;
    this.afterTurn(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#turnEnds = false;
    this.#turn++;
    for (const peer of this.#dirty) this.#write(peer);
    this.#dirty.length = 0;
  };

  #write(peer: RelayPeer): void {
    peer.dirty = false;
    if (!peer.closing) peer.outbox.flush();
  }
}
