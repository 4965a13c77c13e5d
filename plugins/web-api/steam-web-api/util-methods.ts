import type { Clock } from 'beaconry';
import type { WebMethod } from './web-methods.js';

/** ISteamWebAPIUtil; `all` is asked late, since it lists these methods too. */
export const utilMethods = (
  clock: Pick<Clock, 'now'>,
  all: () => readonly WebMethod[],
): readonly WebMethod[] => [
  {
    ...{ interface: 'ISteamWebAPIUtil', method: 'GetServerInfo', versions: [1] },
    ...{ http: 'GET', keyed: false, summary: 'Time of this server', parameters: [] },
    run() {
      const now = clock.now();
      return { servertime: Math.floor(now / 1000), servertimestring: new Date(now).toUTCString() };
    },
  },
  {
    ...{ interface: 'ISteamWebAPIUtil', method: 'GetSupportedAPIList', versions: [1] },
    ...{ http: 'GET', keyed: false, summary: 'These methods', parameters: [] },
    run() {
      const interfaces = new Map<string, object[]>();
      for (const one of all()) {
        const methods = interfaces.get(one.interface) ?? [];
        interfaces.set(one.interface, methods);
        for (const version of one.versions) {
          methods.push({
            name: one.method,
            version,
            httpmethod: one.http,
            parameters: one.parameters.map((parameter) => ({ optional: false, ...parameter })),
          });
        }
      }
      const found = [...interfaces].map(([name, methods]) => ({ name, methods }));
      return { apilist: { interfaces: found } };
    },
  },
];
