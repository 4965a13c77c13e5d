import { PeerAddress } from 'beaconry';
import type { ServerDescription } from 'beaconry/plugins/master';
import type { FakeClock } from 'beaconry/testing';
import { MemoryRegistrationTable } from '../../../server-browser/master/memory-registration-table.js';
import type { RegistrationLimits } from '../../../server-browser/master/registration-table.js';

export const at = (text: string): PeerAddress => {
  const address = PeerAddress.parse(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  return address;
};

/** A plain dedicated server with the fields that a test cares about. */
export const described = (fields: Partial<ServerDescription> = {}): ServerDescription => ({
  protocol: 7,
  players: 5,
  maxPlayers: 16,
  bots: 0,
  name: 'A server',
  map: 'de_dust2',
  modDir: 'cstrike',
  product: 'cstrike',
  version: '1.0.0.70',
  appId: 240,
  serverType: 'd',
  os: 'l',
  password: false,
  secure: true,
  lan: false,
  nat: false,
  region: 255,
  tags: '',
  gameData: '',
  gamePort: null,
  spectatorPort: null,
  ...fields,
});

export const usual = { whitelisted: false, outdated: false };

export const tableOf = (
  clock: FakeClock,
  limits: Partial<RegistrationLimits> = {},
): MemoryRegistrationTable =>
  new MemoryRegistrationTable(clock, { ttl: 300_000, perAddress: 0, perPrefix: 0, ...limits });
