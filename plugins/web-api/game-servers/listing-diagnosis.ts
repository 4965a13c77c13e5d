import type { HostedGameServer } from './hosted-game-server.js';
import type { ListingState } from './server-listing.js';

interface Problem {
  readonly code: string;
  readonly problem: string;
  readonly call: string;
}

const proof =
  'send the byte "q" by UDP from the query port to the master of this node, and hand what it answers in with POST ' +
  '/v1/gameservers/self/packets; a shared socket does so by itself when its packets are taken out and sent';

/** What keeps a server out of the lists although it advertises. */
const problems: Partial<Record<ListingState, Problem>> = {
  unproven: {
    code: 'ADDRESS_UNPROVEN',
    problem: 'nothing shows yet that this game is at its query port, so it is not listed',
    call: proof,
  },
  taken: {
    code: 'ADDRESS_TAKEN',
    problem: 'another server is listed at the same address and port',
    call: `end that one, wait until it expires, or prove the port: ${proof}`,
  },
  refused: {
    code: 'LISTING_REFUSED',
    problem: 'the master of this node refuses the address or has no room for it',
    call: 'ask its operator, whose command "explain ADDRESS:PORT" says why',
  },
};

/** All that keeps players away. */
export function diagnose({ server, listing }: HostedGameServer): Problem[] {
  const problem = listing && problems[listing.state];
  const found = server
    .diagnose()
    .map(({ code, problem: what, call }) => ({ code, problem: what, call }));
  return problem === undefined ? found : [...found, problem];
}
