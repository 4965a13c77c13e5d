import { serviceToken } from 'beaconry';
import type { SocialAnswers, SocialRequests } from './social-requests.js';

export type { SocialAnswers, SocialRequests } from './social-requests.js';

/** Groups, clans and who likes to play with whom, for the game servers of this process. */
export interface Social {
  /** The questions of one game server; it attaches its logon. */
  open(answers: SocialAnswers): SocialRequests;
}
export const Social = serviceToken<Social>('Social');
