/** States of a game server (Steam game server API, section 1.1). */
export type ServerState = 'down' | 'ready' | 'logging-on' | 'on' | 'retrying' | 'off';

export type ServerEvent =
  | 'init'
  | 'log-on'
  | 'accepted'
  /** Refused for good. */
  | 'refused'
  /** Refused or unanswered, worth another try. */
  | 'failed'
  | 'connection-lost'
  /** Lost for good: another logon took its place, or the token is worth nothing any more. */
  | 'expelled'
  | 'log-off'
  | 'shutdown';

/** The whole table; an event without an entry changes nothing. */
export const serverTransitions: Readonly<
  Record<ServerState, Partial<Record<ServerEvent, ServerState>>>
> = {
  down: { init: 'ready' },
  ready: { 'log-on': 'logging-on', shutdown: 'down' },
  'logging-on': {
    accepted: 'on',
    refused: 'ready',
    failed: 'retrying',
    'log-off': 'off',
    shutdown: 'down',
  },
  on: { 'connection-lost': 'retrying', expelled: 'off', 'log-off': 'off', shutdown: 'down' },
  retrying: {
    accepted: 'on',
    failed: 'retrying',
    refused: 'ready',
    'log-off': 'off',
    shutdown: 'down',
  },
  off: { 'log-on': 'logging-on', shutdown: 'down' },
};
