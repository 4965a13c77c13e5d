import { EAccountType, EResult, SteamID } from 'beaconry/steam';
import type { Groups } from './groups.js';
import type { Compatibility } from './public.js';

export const noCompatibility: Omit<Compatibility, 'result'> = {
  playersDontLikeCandidate: 0,
  playersCandidateDoesntLike: 0,
  clanPlayersDontLikeCandidate: 0,
  isClanMember: false,
};

/** Who of the players would not like to play with the candidate, and the other way round (2.4). */
export async function computeCompatibility(
  groups: Pick<Groups, 'hasBlocked' | 'status'>,
  players: readonly bigint[],
  candidate: bigint,
  clan: bigint | undefined,
): Promise<Compatibility> {
  const id = new SteamID(candidate);
  if (!id.isValid || id.type !== EAccountType.Individual) {
    return { ...noCompatibility, result: EResult.InvalidSteamID };
  }
  let [dontLike, disliked, clanDontLike] = [0, 0, 0];
  for (const player of players) {
    if (player === candidate || !new SteamID(player).isIndividual) continue;
    const blocked = await groups.hasBlocked(player, candidate);
    if (blocked) dontLike++;
    if (await groups.hasBlocked(candidate, player)) disliked++;
    if (blocked && clan !== undefined && (await groups.status(player, clan)).member) clanDontLike++;
  }
  return {
    result: EResult.OK,
    playersDontLikeCandidate: dontLike,
    playersCandidateDoesntLike: disliked,
    clanPlayersDontLikeCandidate: clanDontLike,
    isClanMember: clan !== undefined && (await groups.status(candidate, clan)).member,
  };
}
