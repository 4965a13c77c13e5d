/**
 * The player's side of the Steam backend: logon, tickets, verification of servers.
 * @packageDocumentation
 */
export type { PlayerCredential } from '../public.js';
export { RemoteBackend } from '../remote-backend.js';
export { SteamClient, type SteamClientOptions } from './steam-client.js';
