/**
 * What relays, agents and other plugins use of the datagram relay family: formats, and the judgement of
 * certificates and tickets.
 * @packageDocumentation
 */
export * from './address-proof-codec.js';
export * from './armour-codec.js';
export * from './certificate-check.js';
export * from './certificate-codec.js';
export * from './certificate-issue.js';
export * from './certificate-store.js';
export * from './coordinator-client.js';
export * from './host-identity-codec.js';
export * from './hosted-address-codec.js';
export * from './hosted-server.js';
export * from './hosted-server-environment.js';
export * from './network-config-cache.js';
export * from './network-config-codec.js';
export * from './openssh-key-codec.js';
export * from './ping-estimate.js';
export * from './ping-location-codec.js';
export * from './player-credentials.js';
export * from './pop-code-codec.js';
export * from './protobuf-codec.js';
export * from './relay-check-in-codec.js';
export * from './relay-membership.js';
export * from './relay-ticket.js';
export * from './relay-ticket-codec.js';
export * from './replace-file.js';
export * from './sealed-route.js';
export * from './server-login.js';
export * from './signing-key.js';
export * from './ticket-cache.js';
