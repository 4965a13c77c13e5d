/** How a verifier judges tickets. */
export interface VerifierOptions {
  readonly appId: number;
  /** EServerMode; 1 authenticates nobody. */
  readonly mode: number;
  /** Licence questions about pending sessions are answered 2 instead of from the ticket. */
  readonly strictLicense: boolean;
  /** A newer ticket of a user replaces his open session. */
  readonly takeover: boolean;
  readonly maxSessions: number;
  /** Milliseconds after which a pending session is warned about. */
  readonly pendingWarning: number;
}
