import type { ChallengeIssuer, PeerAddress } from 'beaconry';
import type { MasterEngine } from './master-engine.js';
import type {
  RegisterResult,
  RegistrationClaim,
  ServerDescription,
  ServerRegistrar,
} from './public.js';

/** Registrations that other plugins make: each has an owner, and a challenge shows that he is at that port. */
export class ClaimedRegistrations implements ServerRegistrar {
  constructor(
    private readonly engine: MasterEngine,
    private readonly challenges: ChallengeIssuer,
    private readonly portOf: () => number | undefined,
  ) {}

  get port(): number | undefined {
    return this.portOf();
  }

  register(
    address: PeerAddress,
    description: ServerDescription,
    { owner, challenge }: RegistrationClaim,
  ): RegisterResult {
    const holder = this.engine.holderOf(address);
    const proven = challenge !== undefined && this.challenges.accepts(address, challenge);
    if (holder !== owner && !proven) {
      if (holder !== undefined) return 'taken';
      if (!this.engine.needsNoProof(address)) return 'unproven';
    }
    return this.engine.register(address, description, owner);
  }

  withdraw(address: PeerAddress, owner: object): void {
    if (this.engine.holderOf(address) === owner) this.engine.withdraw(address);
  }
}
