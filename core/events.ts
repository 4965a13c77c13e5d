import { eventToken } from './tokens.js';

/** Everything is bound and listening. */
export const ServerStarted = eventToken<{ readonly node: string }>('ServerStarted');
/** The server was asked to stop; endpoints still work, so that goodbyes can be said. */
export const ServerStopping = eventToken<{ readonly node: string }>('ServerStopping');
