import { command } from 'beaconry';
import { RelayNetwork } from './relay-network.js';

const relay = {
  relay: {
    doc: 'Id of a relay, as "pop list" shows it, or a POP code for all its relays.',
    format: String,
    default: null,
  },
} as const;

/** Commands of the running coordinator. */
export const popCommands = [
  command({
    name: 'pop-list',
    doc: 'show the relays that joined the network',
    parameters: {},
    run: (context) => context.get(RelayNetwork).list(),
  }),
  command({
    name: 'pop-drain',
    doc: 'take a relay out of the network config; its sessions move and end by themselves',
    parameters: relay,
    run: async (context, { relay }) => ({ drained: await context.get(RelayNetwork).drain(relay) }),
  }),
  command({
    name: 'pop-remove',
    doc: 'remove a relay at once; it cannot check in again until it is admitted',
    parameters: relay,
    run: async (context, { relay }) => ({ removed: await context.get(RelayNetwork).remove(relay) }),
  }),
  command({
    name: 'pop-admit',
    doc: 'let a drained or removed relay prove its address and come back',
    parameters: relay,
    run: async (context, { relay }) => ({ admitted: await context.get(RelayNetwork).admit(relay) }),
  }),
  command({
    name: 'coordinator-revoke',
    doc: 'revoke a key for good: certificates of and below it fall, relays with it leave at once',
    parameters: {
      keyId: { doc: 'Decimal key id.', format: 'uint64', default: null },
      reason: { doc: 'Why, for the record.', format: String, default: 'unspecified' },
    },
    run: async (context, { keyId, reason }) => {
      await context.get(RelayNetwork).revoke(keyId, reason);
      return { revoked: String(keyId) };
    },
  }),
  command({
    name: 'coordinator-rotate',
    doc: 'make a new signing key; it is published at once and used after the rotation delay',
    parameters: {},
    run: async (context) => ({ keyId: await context.get(RelayNetwork).rotate() }),
  }),
];
