/**
 * Agents of the datagram relay network: a player's side and a hosted server's side.
 * @packageDocumentation
 */

export { GLOBAL_PORT } from 'beaconry/plugins/fake-ip';
export { Availability } from '../../coordinator/sdr/availability.js';
export { PlainUdpAgent, type PlainUdpAgentOptions } from '../plain-udp/plain-udp-agent.js';
export { PlainUdpConnection } from '../plain-udp/plain-udp-connection.js';
export { type AgentSocket, type OpenAgentSocket, openUdpSocket } from './agent-socket.js';
export { AutoTicketGiver, type AutoTicketGiverOptions } from './auto-ticket-giver.js';
export { AutoTicketRequests, type AutoTicketRequestsOptions } from './auto-ticket-requests.js';
export { ClientAgent, type ClientAgentOptions } from './client-agent.js';
export {
  Connection,
  type ConnectionFacts,
  type ConnectionListener,
  type SendOptions,
} from './connection.js';
export { createConnectionPair } from './connection-pair.js';
export { ConnectionState, EndReason } from './connection-state.js';
export { FakeUdpPort, type FakeUdpPortOptions } from './fake-udp-port.js';
export { MAX_DATAGRAM } from './fragments.js';
export { MESSAGES_PORT, MessageFront, type MessageFrontOptions } from './message-front.js';
export type { LaneOptions } from './message-lanes.js';
export { NetworkMeasurement, type NetworkStatus } from './network-measurement.js';
export { PeerAgent, type PeerAgentOptions, type PeerConnectOptions } from './peer-agent.js';
export { PlayerNetwork, type PlayerNetworkOptions } from './player-network.js';
export { type PolledMessage, PollGroup } from './poll-group.js';
export type { TrustedNetwork } from './relay-access.js';
export type { ForcedRelays } from './relay-prober.js';
export { RelayedConnection } from './relayed-connection.js';
export { ServerAgent, type ServerAgentOptions } from './server-agent.js';
export { SignalingClient, type SignalingClientOptions } from './signaling-client.js';
export type { RealTimeStatus } from './traffic-figures.js';
