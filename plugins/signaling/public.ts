import { serviceToken } from 'beaconry';

/** The signaling service of this node. */
export interface Signaling {
  /** Peers connected to this node. */
  readonly connected: number;
}
export const Signaling = serviceToken<Signaling>('Signaling');
