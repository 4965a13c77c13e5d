/**
 * What tests of plugins are built from.
 * @packageDocumentation
 */
export { FakeClock } from './fake-clock.js';
export { hex, parseHex } from './hex.js';
export { MemoryConnection } from './memory-connection.js';
export { MemoryNetwork } from './memory-network.js';
export { checkPluginContract } from './plugin-contract.js';
export { startTestServer, TestServer, type TestServerOptions } from './test-server.js';
