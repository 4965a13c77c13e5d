import type { Json } from '../store/store.js';

/** Carries words between the nodes of one community; each plugin has channels of its own. Best effort, in order per sender. */
export interface Bus {
  /** Reaches every subscriber on every node, this one included. */
  publish(channel: string, message: Json): void;
  /** The returned function ends the subscription. */
  subscribe(channel: string, listener: (message: Json, from: string) => void): () => void;
  /** Other nodes may be listening; false when this node is alone for good. */
  readonly shared: boolean;
  /** Words of others were missed and are over: read the store again, say again what others must know. */
  onGap(listener: () => void): () => void;
  /** A part of the bus whose channels never meet others'. */
  namespace(name: string): Bus;
}

export interface BusDriver extends Bus {
  readonly name: 'local' | 'redis';
  health(): string | undefined;
  close(): Promise<void>;
}
