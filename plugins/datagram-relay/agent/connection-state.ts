/** States of a connection, as Steam numbers them (sdr section 15). */
export const ConnectionState = {
  none: 0,
  connecting: 1,
  findingRoute: 2,
  connected: 3,
  closedByPeer: 4,
  problemDetected: 5,
} as const;
export type ConnectionState = (typeof ConnectionState)[keyof typeof ConnectionState];

/** Why a connection ended (sdr section 15). */
export const EndReason = {
  application: 1000,
  exception: 2000,
  offline: 3001,
  manyRelaysUnreachable: 3002,
  hostedServerRelay: 3003,
  noNetworkConfig: 3004,
  noRights: 3005,
  remoteTimeout: 4001,
  badCrypto: 4002,
  badCertificate: 4003,
  protocolVersion: 4006,
  generic: 5001,
  internal: 5002,
  timeout: 5003,
  noRelaySession: 5006,
  rendezvous: 5008,
  firewall: 5009,
  noConnection: 5010,
} as const;
