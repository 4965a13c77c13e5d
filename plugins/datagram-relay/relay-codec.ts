/**
 * Messages of the relay protocol R1 before and beside data; byte layouts in docs/relay-protocol.md.
 * @packageDocumentation
 */
export {
  type Authenticated,
  COOKIE_LENGTH,
  Lead,
  MAX_HANDSHAKE,
  MAX_PORTS,
  MAX_PROBE,
  MIN_OPEN,
  MIN_PROBE,
  MIN_REGISTER,
  NO_BYTES,
  NO_PORT,
  NO_SHUTDOWN,
  REGISTER_OK_LENGTH,
  Refusal,
  sha256,
  VERSION,
} from './handshake-format.js';
export * from './join-codec.js';
export * from './open-codec.js';
export * from './probe-codec.js';
export * from './register-codec.js';
export * from './session-part-codec.js';
