import type { Counter, Metrics } from 'beaconry';

/** Why an ERROR was made. */
const ERROR_CAUSES = [
  'unknown_destination',
  'destination_missing',
  'destination_queue_full',
  'init_first',
  'id_taken',
  'id_secret',
  'id_invalid',
  'second_id',
  'join_key',
  'banned',
  'frame_too_large',
  'frame_memory',
  'malformed_frame',
  'payload',
  'group',
  'rate_limit',
  'daily_quota',
  'address_connections',
  'connections',
  'connect_rate',
  'no_init',
  'half_frame',
  'idle',
  'replaced',
] as const;
export type ErrorCause = (typeof ERROR_CAUSES)[number];

/** Why a connection ended. */
const END_CAUSES = [
  ...ERROR_CAUSES,
  'closed',
  'ended',
  'lost',
  'stalled',
  'flooding',
  'stopping',
] as const;
export type EndCause = (typeof END_CAUSES)[number];

/** What the relay counts; all of it is bounded sets of names, never ids or addresses. */
export class RelayCounters {
  readonly errors: Readonly<Record<ErrorCause, Counter>>;
  readonly ends: Readonly<Record<EndCause, Counter>>;
  readonly frames: Counter;
  readonly bytes: Counter;
  readonly delivered: Counter;
  readonly stamped: Counter;
  readonly errorsDropped: Counter;

  constructor(metrics: Metrics) {
    const family = <Cause extends string>(name: string, help: string, causes: readonly Cause[]) =>
      Object.fromEntries(
        causes.map((cause) => [cause, metrics.counter(name, help, { cause })]),
      ) as Record<Cause, Counter>;
    this.errors = family('errors_total', 'ERROR answers by cause.', ERROR_CAUSES);
    this.ends = family('ends_total', 'Ends of connections by cause.', END_CAUSES);
    this.frames = metrics.counter('frames_total', 'Frames received.');
    this.bytes = metrics.counter('bytes_total', 'Bytes of frames received.');
    this.delivered = metrics.counter('delivered_total', 'Frames passed on to a peer.');
    this.stamped = metrics.counter('stamped_total', 'Frames whose source was missing or false.');
    this.errorsDropped = metrics.counter(
      'errors_dropped_total',
      'ERROR answers for which the queue of their peer had no room.',
    );
  }
}
