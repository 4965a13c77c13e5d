import { serviceToken } from 'beaconry';

/** What this relay carries, for status pages; no addresses of players. */
export interface RelayStatus {
  readonly pop: string;
  readonly sessions: number;
  readonly registrations: number;
  readonly forwarded: number;
}

/** The relay of this process. */
export interface DatagramRelay {
  readonly status: RelayStatus;
  /** Tells clients to move, for so many seconds. */
  drain(seconds: number): void;
}
export const DatagramRelay = serviceToken<DatagramRelay>('DatagramRelay');
