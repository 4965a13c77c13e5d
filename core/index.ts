/**
 * The public face of the host: the plugin contract and what plugins are built from.
 * @packageDocumentation
 */
export type { AuditedAction } from './admin/audit-log.js';
export type { ForgetListener, ForgottenSubject } from './admin/forgetting.js';
export type { Bus } from './bus/bus.js';
export { openHome, type SharedHome } from './bus/shared-home.js';
export { shareView } from './bus/shared-view.js';
export type { CliExtension } from './cli/cli-extension.js';
export { type Clock, SystemClock } from './clock.js';
export {
  type Command,
  type CommandCaller,
  type CommandContext,
  type CommandDefinition,
  type Commands,
  command,
  type OfferedCommand,
} from './commands/command.js';
export { readDefinition } from './config/definition.js';
export { readCidr } from './config/format-reader.js';
export {
  type ConfigOf,
  either,
  type Leaf,
  list,
  record,
  type Section,
} from './config/schema.js';
export { inject, injectable } from './di.js';
export type { DoctorChecks, DoctorContext, Finding } from './doctor/doctor-check.js';
export { ConfigError, messageOf, type Problem, ServerError } from './errors.js';
export { ServerStarted, ServerStopping } from './events.js';
export { isNotModified, tagOf } from './http/etag.js';
export { HttpError } from './http/http-error.js';
export type { HttpEndpoints, HttpScope, Routes, RoutesOptions } from './http/routes.js';
export type { Logger } from './logger.js';
export type { Counter, Histogram, Labels, Metrics } from './metrics.js';
export type { AddressFilter } from './net/address-filter.js';
export { AddressRanges } from './net/address-ranges.js';
export { canReach, isLoopback, type Reach, reachOf } from './net/address-reach.js';
export { ByteReader } from './net/byte-reader.js';
export { ByteWriter } from './net/byte-writer.js';
export { ChallengeIssuer } from './net/challenge.js';
export type { Connection, TcpEndpoint } from './net/connection.js';
export type {
  Datagram,
  DatagramHandler,
  DatagramRoute,
  UdpEndpoint,
} from './net/datagram.js';
export { DecodeError, type DecodeErrorKind } from './net/decode-error.js';
export {
  type FrameListener,
  LengthFraming,
  type LengthFramingOptions,
} from './net/length-framing.js';
export { ListBudget, type ListBudgetOptions } from './net/list-budget.js';
export { PartyCount } from './net/party-count.js';
export { PeerAddress } from './net/peer-address.js';
export {
  AddressLimit,
  GlobalLimit,
  PrefixLimit,
  type RateLimitOptions,
} from './net/rate-limit.js';
export { openSharedSecret, type SecretSource } from './net/shared-secret.js';
export { hashWords, SipHash } from './net/siphash.js';
export { relayBytes } from './net/socket-connection.js';
export {
  type AnyToken,
  type Constructor,
  type Context,
  definePlugin,
  type Plugin,
  type PluginDefinition,
  type ServerFacts,
} from './plugin.js';
export type { Json, KeepOptions, ScanOptions, Store } from './store/store.js';
export {
  type EventToken,
  eventToken,
  type ServiceOf,
  type ServiceToken,
  serviceToken,
} from './tokens.js';
