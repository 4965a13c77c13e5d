import { type ServiceToken, serviceToken } from 'beaconry';

/** What the relay tells about itself: counts only, no ids and no addresses. */
export interface RelayStatus {
  /** Connections that have an id. */
  readonly peers: number;
  readonly connections: number;
  /** Frames and bytes received since the start. */
  readonly frames: number;
  readonly bytes: number;
  /** Bytes that wait for slow readers. */
  readonly queuedBytes: number;
  /** Largest body of a frame, in bytes. */
  readonly maxFrame: number;
  readonly chosenIds: 'open' | 'grace' | 'secret';
  /** INIT needs the join key. */
  readonly joinKey: boolean;
  /** The built-in peer `bootstrap` answers. */
  readonly bootstrap: boolean;
  /** ERROR answers since the start by cause; causes that did not occur are left out. */
  readonly errors: Readonly<Record<string, number>>;
}

/** The stream relay of this node. */
export interface Relay {
  status(): RelayStatus;
}
export const Relay: ServiceToken<Relay> = serviceToken<Relay>('Relay');
