/**
 * The plugin `a2s` offers no service: it answers queries from `GameServerState` and `Rules`. Codecs and clients
 * are in `beaconry/a2s-query`.
 */
export {};
