/**
 * The plugin `a2s` offers no service: it answers queries from `GameServerState` and `Rules`. These are its parts,
 * for whoever answers for another game server. Codecs and clients are in `beaconry/a2s-query`.
 */
export { A2sResponder } from './a2s-responder.js';
export { PreparedAnswers } from './prepared-answers.js';
