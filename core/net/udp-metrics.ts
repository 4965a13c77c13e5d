import type { Metrics } from '../metrics.js';
import type { DatagramDriver } from './datagram-driver.js';
import type { UnprovenCounters } from './received-datagram.js';

const DROP_REASONS = [
  'refused',
  'unclaimed',
  'shape',
  'limited',
  'unprovenLimited',
  'decode',
  'failed',
] as const;

/** What happened to datagrams of one endpoint that were not handled, and how unproven senders were answered. */
export type UdpCounters = UnprovenCounters & Record<(typeof DROP_REASONS)[number], number>;

export const newUdpCounters = (): UdpCounters => ({
  refused: 0,
  unclaimed: 0,
  shape: 0,
  limited: 0,
  unprovenLimited: 0,
  decode: 0,
  failed: 0,
  answers: 0,
  answerBytes: 0,
  questionBytes: 0,
  violations: 0,
  pages: 0,
  pageBytes: 0,
});

/** Declares the metrics of one endpoint. */
export function describeUdp(
  metrics: Metrics,
  endpoint: string,
  counters: UdpCounters,
  drivers: readonly DatagramDriver[],
): void {
  const total = (name: string, help: string, read: () => number, labels = {}) =>
    metrics.total(`${name}_total`, help, read, { endpoint, ...labels });
  const sum = (pick: (driver: DatagramDriver) => number) => () =>
    drivers.reduce((all, driver) => all + pick(driver), 0);
  total(
    'received',
    'Datagrams received.',
    sum(({ stats }) => stats.received),
  );
  total(
    'sent',
    'Datagrams sent.',
    sum(({ stats }) => stats.sent),
  );
  total(
    'send_failures',
    'Datagrams not sent: full send buffer or refused by the system.',
    sum(({ stats }) => stats.sendFailures),
  );
  for (const reason of DROP_REASONS) {
    total('dropped', 'Datagrams nobody handled.', () => counters[reason], { reason });
  }
  total(
    'unproven_question_bytes',
    'Bytes that unproven senders asked with.',
    () => counters.questionBytes,
  );
  total('unproven_answer_bytes', 'Bytes they were answered.', () => counters.answerBytes);
  total('unproven_pages', 'List pages paid from a budget.', () => counters.pages);
  total('unproven_page_bytes', 'Bytes of those pages.', () => counters.pageBytes);
  total('unproven_answers', 'Answers to senders that proved nothing.', () => counters.answers);
  total(
    'unproven_violations',
    'Answers that would have been larger than max(9, question) bytes; they did not leave.',
    () => counters.violations,
  );
}
