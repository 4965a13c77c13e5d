/** States of a session as its verifier sees it (Steam game server API, section 6.3). */
export type SessionState = 'pending' | 'valid' | 'failed' | 'ended';

/** What can happen to a session: code 0, any other code, the verifier ends it. */
export type SessionEvent = 'approved' | 'refused' | 'ended';

interface Transition {
  readonly next: SessionState;
  /** Whether `validate_auth_ticket_response` is emitted. */
  readonly signal: boolean;
}

/** The whole state machine; what is missing here changes nothing and says nothing. */
export const sessionTransitions: Readonly<
  Record<SessionState, Partial<Record<SessionEvent, Transition>>>
> = {
  pending: {
    approved: { next: 'valid', signal: true },
    refused: { next: 'failed', signal: true },
    ended: { next: 'ended', signal: false },
  },
  valid: {
    refused: { next: 'failed', signal: true },
    ended: { next: 'ended', signal: false },
  },
  failed: {
    ended: { next: 'ended', signal: false },
  },
  ended: {},
};
