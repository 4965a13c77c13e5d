import type { VerdictSignal } from 'beaconry/plugins/auth-sessions';
import type { SocialAnswers } from 'beaconry/plugins/social';
import { denyReason } from './deny-reasons.js';
import type { SignalQueue } from './signal-queue.js';

/** Answers of the plugin `social` as signals. */
export const socialSignals = (signals: SignalQueue): SocialAnswers => ({
  groupStatus: ({ steamId, group, member, officer }) =>
    signals.emit('client_group_status', {
      ...{ steam_id: steamId, group_id: group, member, officer },
    }),
  clan: ({ result }) => signals.emit('associate_clan', { result }),
  compatibility: (answer) =>
    signals.emit('player_compat', {
      result: answer.result,
      players_dont_like_candidate: answer.playersDontLikeCandidate,
      players_candidate_doesnt_like: answer.playersCandidateDoesntLike,
      clan_players_dont_like_candidate: answer.clanPlayersDontLikeCandidate,
      steam_id: answer.steamId,
      is_clan_member: answer.isClanMember,
    }),
});

/** A verdict as the signal of the way the session was begun: the new one (6.3) or the old one (6.6). */
export function signalVerdict(signals: SignalQueue, verdict: VerdictSignal): void {
  const { steamId, response, ownerId, legacy, wasValid, ownerPlays } = verdict;
  if (!legacy) {
    signals.emit('validate_auth_ticket_response', {
      ...{ auth_id: steamId, response, owner_id: ownerId },
    });
  } else if (response === 0) {
    signals.emit('client_approved', { steam_id: steamId, owner_id: ownerId });
  } else {
    const reason = denyReason(response, wasValid, ownerPlays);
    if (wasValid) signals.emit('client_kick', { steam_id: steamId, reason });
    else signals.emit('client_denied', { steam_id: steamId, reason, text: '' });
  }
}
