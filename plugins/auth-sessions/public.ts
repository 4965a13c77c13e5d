import { serviceToken } from 'beaconry';
import type { AuthSession } from './open-session.js';
import type { SessionVerifier } from './session-verifier.js';
import type { VerifierOptions } from './verifier-options.js';

export type { AuthSession, VerdictSignal } from './open-session.js';
/** The engine itself, for whoever verifies tickets outside a server (a player checking a server's ticket). */
export { SessionVerifier } from './session-verifier.js';
export type { VerifierOptions } from './verifier-options.js';

/** Authenticated players of the game servers this process runs. */
export interface AuthSessions {
  /** A verifier of its own for one game server; options not given come from the configuration. */
  open(
    options: Pick<VerifierOptions, 'appId' | 'mode'> & Partial<VerifierOptions>,
  ): SessionVerifier;
  /** Called when a game server ends. */
  release(verifier: SessionVerifier): void;
  /** The session of a player on any game server of this process. */
  find(steamId: bigint): AuthSession | undefined;
  readonly verifiers: ReadonlySet<SessionVerifier>;
}
export const AuthSessions = serviceToken<AuthSessions>('AuthSessions');
