import { definePlugin } from 'beaconry';
import { Social } from './public.js';
import { SocialRequests } from './social-requests.js';

export default definePlugin({
  name: 'social',
  api: 1,
  doc: 'Group membership, the clan of a server, and who has blocked whom.',
  provides: [Social],
  config: {
    answerTimeout: {
      doc: 'A question the backend does not answer within this time is answered with "no".',
      format: 'duration',
      default: '1s',
    },
  },
  setup(context, config) {
    context.provide(Social, {
      open: (answers) => new SocialRequests(context.clock, config.answerTimeout, answers),
    });
  },
});
