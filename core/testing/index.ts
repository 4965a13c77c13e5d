/**
 * What tests of plugins are built from.
 * @packageDocumentation
 */
export { FakeClock } from './fake-clock.js';
export { hex, parseHex } from './hex.js';
