import type { HttpEndpoints, UdpEndpoint } from 'beaconry';
import type { GameServerState } from 'beaconry/plugins/game-server';
import type { Rules } from 'beaconry/plugins/rules';
import { currentStage } from './current-stage.js';
import type { RallyEngine } from './rally-engine.js';
import type { RallyServer } from './rally-server.js';

export interface ListViewParts {
  readonly state: GameServerState | undefined;
  readonly rules: Rules | undefined;
  readonly password: boolean;
  readonly bots: number;
  readonly endpoint: Pick<UdpEndpoint, 'addresses'>;
  /** Where the page is served. */
  readonly http: HttpEndpoints;
}

/**
 * `PORT/PATH`: what lists make a link of, to the host at which they found the game. Undefined where the page is not at
 * that host or needs a name, which only a certificate knows.
 */
function pageOf({ endpoint, http }: ListViewParts): string | undefined {
  const [game] = endpoint.addresses;
  if (game === undefined || http.isSecure) return undefined;
  const isWild = (host: string) => host === '0.0.0.0' || host === '::';
  const found = http.addresses.find(({ host }) => isWild(host) || host === game.host);
  return found === undefined ? undefined : `${found.port}/rally/`;
}

/** Shows the rally as a game server: map is the stage, players are the drivers with their time on it. */
export function showInServerList(
  engine: RallyEngine,
  server: RallyServer,
  parts: ListViewParts,
): void {
  const { state, rules, password, bots } = parts;
  const { rally } = engine.options.definition;
  const stage = currentStage(engine);
  const progress = engine.finished ? 'finished' : engine.suspended ? 'suspended' : 'running';
  state?.update({
    name: rally.name,
    map: stage?.name ?? 'none',
    modDir: 'rally',
    description: 'Rally',
    version: rally.gameVersion,
    maxPlayers: Math.min(255, engine.crews.size),
    bots,
    password,
    tags: ['rally', engine.options.mode, progress, stage?.surface, stage?.weather].join(','),
    gameData: `leg:${engine.leg + 1},stage:${stage?.number ?? 0},entries:${engine.crews.size}`,
  });
  state?.setPlayers(
    [...server.sessions.values()].map(({ crew, joinedAt }) => {
      const last = [...crew.stageTimes.values()].at(-1) ?? 0;
      return { name: crew.entry.driver, score: Math.round(last / 1000), joinedAt };
    }),
  );
  rules?.set('rally_leg', `${engine.leg + 1}/${rally.legs.length}`);
  rules?.set('rally_stage', `${stage?.number ?? 0}/${engine.itinerary.stages.length}`);
  rules?.set('rally_mode', engine.options.mode);
  rules?.set('rally_cars_hash', engine.options.definition.carsHash);
  const page = pageOf(parts);
  if (page !== undefined) rules?.set('page', page);
}
