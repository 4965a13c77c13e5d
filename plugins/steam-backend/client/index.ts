/**
 * The player's side of the Steam backend: logon, tickets, verification of servers.
 * @packageDocumentation
 */
import { SystemClock } from 'beaconry';
import { RemoteBackend } from '../remote-backend.js';
import { SteamClient } from './steam-client.js';

export type { PlayerCredential } from '../public.js';
export { RemoteBackend } from '../remote-backend.js';
export { SteamClient, type SteamClientOptions } from './steam-client.js';

/** A client of the backend at that URL, with the time of this machine. */
export const connectSteamClient = (url: string): SteamClient => {
  const clock = new SystemClock();
  const log = { warn: (...said: unknown[]) => console.warn(...said) };
  return new SteamClient({ backend: new RemoteBackend(url, clock), clock, log });
};
