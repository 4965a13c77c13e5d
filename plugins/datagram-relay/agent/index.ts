/**
 * Agents of the datagram relay network: a player's side and a hosted server's side.
 * @packageDocumentation
 */
export { type AgentSocket, type OpenAgentSocket, openUdpSocket } from './agent-socket.js';
export {
  Availability,
  ClientAgent,
  type ClientAgentOptions,
  type NetworkStatus,
  type TrustedNetwork,
} from './client-agent.js';
export {
  Connection,
  type ConnectionListener,
  ConnectionState,
  EndReason,
  MAX_DATAGRAM,
} from './connection.js';
export { ServerAgent, type ServerAgentOptions } from './server-agent.js';
