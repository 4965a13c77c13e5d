import { EServerMode } from 'beaconry/steam';
import type { GameServerSnapshot } from './public.js';
import type { ServerState } from './server-states.js';

/** One thing that keeps players away, and the call that mends it. */
export interface Diagnosis {
  readonly code: string;
  readonly problem: string;
  readonly call: string;
}

export interface DiagnosisFacts {
  readonly state: ServerState;
  readonly mode: number;
  readonly snapshot: GameServerSnapshot;
  readonly given: {
    readonly product: boolean;
    readonly description: boolean;
    readonly modDir: boolean;
  };
  readonly advertise: boolean;
  readonly lastRefusal: number | null;
  readonly versionRefused: string | null;
  readonly publicAddress: string | null;
  readonly waitingSignals: number;
  readonly pendingTooLong: number;
  readonly shared: boolean;
  /** Queries that reached the server; undefined when that cannot be known. */
  readonly queriesSeen: number | undefined;
  readonly backendKnown: boolean;
}

interface Rule extends Diagnosis {
  applies(facts: DiagnosisFacts): boolean;
}

const rules: readonly Rule[] = [
  {
    code: 'NOT_INITIALISED',
    problem: 'the interface is not initialised, so every call answers nothing',
    call: 'initGameServer({ ip, game_port, query_port }, appId, version)',
    applies: ({ state }) => state === 'down',
  },
  {
    code: 'NO_BACKEND',
    problem: 'no enabled plugin provides a backend, so nobody can log on',
    call: 'enable the plugins steam-backend, auth-sessions and social',
    applies: ({ backendKnown }) => !backendKnown,
  },
  {
    code: 'PRODUCT_UNSET',
    problem: 'the product is not set; the app id stands in for it',
    call: 'setProduct(product), before logOn',
    applies: ({ given }) => !given.product,
  },
  {
    code: 'DESCRIPTION_UNSET',
    problem: 'the game description is empty',
    call: 'setGameDescription(description), before logOn',
    applies: ({ given }) => !given.description,
  },
  {
    code: 'MOD_DIR_UNSET',
    problem: 'the mod directory is empty; lists are often asked by it',
    call: 'setModDir(folder), before logOn',
    applies: ({ given }) => !given.modDir,
  },
  {
    code: 'NOT_DEDICATED',
    problem: 'the server counts as a listen server, which browsers leave out by default',
    call: 'setDedicatedServer(true), before logOn',
    applies: ({ snapshot }) => snapshot.serverType === 'l',
  },
  {
    code: 'NOT_LOGGED_ON',
    problem: 'the server is not logged on',
    call: 'logOn(token) or logOnAnonymous()',
    applies: ({ state }) => state !== 'on' && state !== 'down',
  },
  {
    code: 'LOGON_REFUSED',
    problem: 'the last logon was refused; see the result of server_connect_failure',
    call: 'logOn(token) with a token that is good (token-create makes one)',
    applies: ({ lastRefusal, state }) => lastRefusal !== null && state !== 'on',
  },
  {
    code: 'NOT_ADVERTISED',
    problem: 'advertising is off: no list entry, and queries are ignored',
    call: 'setAdvertiseServerActive(true)',
    applies: ({ advertise }) => !advertise,
  },
  {
    code: 'MODE_NOT_LISTED',
    problem: 'mode 1 authenticates nobody and is never listed',
    call: 'serverInit(ip, game_port, query_port, 3, version)',
    applies: ({ mode, state }) => state !== 'down' && mode === EServerMode.NoAuthentication,
  },
  {
    code: 'VERSION_REFUSED',
    problem: 'the version is older than the one required for the product',
    call: 'update the game, then initGameServer(…, version) with the new version',
    applies: ({ versionRefused }) => versionRefused !== null,
  },
  {
    code: 'PORT_NOT_REACHABLE',
    problem: 'no query has reached the server; its port is probably closed from outside',
    call: 'open the query port (UDP), or in shared mode call handleIncomingPacket for each datagram',
    applies: ({ advertise, queriesSeen }) => advertise && queriesSeen === 0,
  },
  {
    code: 'NOT_PUMPED',
    problem: 'signals wait and nobody takes them',
    call: 'runCallbacks(), at least 10 times a second',
    applies: ({ waitingSignals }) => waitingSignals > 0,
  },
  {
    code: 'PENDING_TOO_LONG',
    problem: 'tickets wait for a verdict for more than 20 s; is the backend reachable?',
    call: 'waitForVerdict(steamId, timeout), and check the backend',
    applies: ({ pendingTooLong }) => pendingTooLong > 0,
  },
];

/** Everything that is wrong, in the order in which it should be mended; empty when all is well. */
export const diagnoseServer = (facts: DiagnosisFacts): readonly Diagnosis[] =>
  rules
    .filter((rule) => rule.applies(facts))
    .map(({ code, problem, call }) => ({ code, problem, call }));
