import type { Clock, Logger } from 'beaconry';
import type { AuthSession } from './open-session.js';
import type { AuthSessions } from './public.js';
import { SessionVerifier } from './session-verifier.js';
import type { VerifierOptions } from './verifier-options.js';

/** All verifiers of this process. */
export class VerifierRegistry implements AuthSessions {
  readonly verifiers = new Set<SessionVerifier>();

  constructor(
    private readonly defaults: Omit<VerifierOptions, 'appId' | 'mode'>,
    private readonly clock: Clock,
    private readonly log: Pick<Logger, 'warn'>,
  ) {}

  open(
    options: Pick<VerifierOptions, 'appId' | 'mode'> & Partial<VerifierOptions>,
  ): SessionVerifier {
    const verifier = new SessionVerifier({ ...this.defaults, ...options }, this.clock, this.log);
    this.verifiers.add(verifier);
    return verifier;
  }

  release(verifier: SessionVerifier): void {
    verifier.close();
    this.verifiers.delete(verifier);
  }

  find(steamId: bigint): AuthSession | undefined {
    for (const verifier of this.verifiers) {
      const session = verifier.get(steamId);
      if (session !== undefined) return session;
    }
    return undefined;
  }
}
