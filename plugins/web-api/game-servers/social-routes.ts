import type { HttpScope } from 'beaconry';
import { EResult } from 'beaconry/steam';
import { Type } from 'typebox';
import { readSteamId, refuse } from '../call-error.js';
import { ANSWER_TIME, notLoggedOn, type ServerOf } from './server-of.js';

const steamId = Type.String({ maxLength: 64, description: 'SteamID in any text form' });
const result = Type.Object({ result: Type.Integer({ description: 'EResult' }) });

/** Groups, clan and compatibility: what comes as a signal is the answer here, too. */
export function socialRoutes(scope: HttpScope, of: ServerOf): void {
  const self = '/v1/gameservers/self';
  scope.get(
    `${self}/groups/:groupId/members/:steamId`,
    {
      schema: {
        summary: 'Whether a user belongs to a group',
        params: Type.Object({ groupId: steamId, steamId }),
        response: { 200: Type.Object({ member: Type.Boolean(), officer: Type.Boolean() }) },
      },
    },
    async (request) => {
      const { server, ...hosted } = withSignals(of(request));
      const user = readSteamId(request.params.steamId);
      const group = readSteamId(request.params.groupId);
      const answer = hosted.next(
        'client_group_status',
        (data) =>
          data.steam_id === user &&
          (data.group_id === group || (data.group_id & 0xffffffffn) === group),
      );
      if (!server.requestUserGroupStatus(user, group)) throw notLoggedOn();
      const { member, officer } = (await answer) ?? { member: false, officer: false };
      return { member, officer };
    },
  );
  const associate = async (request: Parameters<ServerOf>[0], clan: bigint) => {
    const { server, ...hosted } = withSignals(of(request));
    const answer = hosted.next('associate_clan', () => true);
    server.associateWithClan(clan);
    return { result: (await answer)?.result ?? EResult.Timeout };
  };
  scope.put(
    `${self}/clan`,
    {
      schema: {
        summary: 'Associates the game server with a group',
        body: Type.Object({ clanId: steamId }),
        response: { 200: result },
      },
    },
    (request) => associate(request, readSteamId(request.body.clanId)),
  );
  scope.delete(
    `${self}/clan`,
    { schema: { summary: 'Ends the association', response: { 200: result } } },
    (request) => associate(request, 0n),
  );
  scope.get(
    `${self}/compatibility/:steamId`,
    {
      schema: {
        summary: 'Who of the players has blocked whom',
        params: Type.Object({ steamId }),
        response: {
          200: Type.Object({
            result: Type.Integer({ description: 'EResult' }),
            playersDontLikeCandidate: Type.Integer(),
            playersCandidateDoesntLike: Type.Integer(),
            clanPlayersDontLikeCandidate: Type.Integer(),
            isClanMember: Type.Boolean(),
          }),
        },
      },
    },
    async (request) => {
      const { server, ...hosted } = withSignals(of(request));
      const candidate = readSteamId(request.params.steamId);
      const answer = hosted.next('player_compat', (data) => data.steam_id === candidate);
      server.computeNewPlayerCompatibility(candidate);
      const data = await answer;
      if (data === undefined) throw refuse(504, 'NO_ANSWER', 'the backend did not answer');
      return {
        result: data.result,
        playersDontLikeCandidate: data.players_dont_like_candidate,
        playersCandidateDoesntLike: data.players_candidate_doesnt_like,
        clanPlayersDontLikeCandidate: data.clan_players_dont_like_candidate,
        isClanMember: data.is_clan_member,
      };
    },
  );
}

const withSignals = (hosted: ReturnType<ServerOf>) => ({
  server: hosted.server,
  next: <N extends Parameters<typeof hosted.nextSignal>[0]>(
    signal: N,
    matches: Parameters<typeof hosted.nextSignal<N>>[1],
  ) => hosted.nextSignal(signal, matches, ANSWER_TIME),
});
