import { definePlugin } from 'beaconry';
import { Registrations } from 'beaconry/plugins/master';
import { Directory } from './directory.js';
import { listRoutes } from './list-routes.js';
import { ServerDirectory } from './public.js';

export default definePlugin({
  name: 'browser',
  api: 1,
  doc: 'The server list as a page and as JSON.',
  provides: [ServerDirectory],
  optional: [Registrations],
  config: {
    endpoint: { doc: 'HTTP endpoints of the list.', format: 'http-endpoints', default: 'http' },
  },
  setup(context, config) {
    const directory = new Directory(context.find(Registrations));
    context.provide(ServerDirectory, directory);
    context.http(listRoutes(directory), { endpoint: config.endpoint });
  },
});
