import { serviceToken } from 'beaconry';
import type { AddedServer } from './listed-server.js';

export type { AddedServer, ListedServer } from './listed-server.js';

/** Puts servers of any protocol beside those of the master, in `/v1/servers` and on the page. */
export interface ServerDirectory {
  /**
   * Lists a server, or replaces what the same source said of the same address before; the returned function
   * takes it off again. `source` is the plugin's name.
   */
  add(source: string, server: AddedServer): () => void;
}
export const ServerDirectory = serviceToken<ServerDirectory>('ServerDirectory');
