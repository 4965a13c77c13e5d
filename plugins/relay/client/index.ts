/**
 * A client of the relay for Node and browsers: `beaconry/relay-client`.
 * @packageDocumentation
 */
export {
  RelayClient,
  type RelayClientOptions,
  type RelayListeners,
  type RelayMessage,
  RelayRefusal,
} from './relay-client.js';
