import type { PluginState } from './plugin-host.js';
import type { BoundEndpoint } from './server-endpoints.js';

/** What the ready line and the ready file say. */
export interface ReadyReport {
  readonly version: string;
  readonly node: string;
  readonly pid: number;
  readonly endpoints: Readonly<Record<string, readonly BoundEndpoint[]>>;
  readonly plugins: Readonly<Record<string, PluginState>>;
}
