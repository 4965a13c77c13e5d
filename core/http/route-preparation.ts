import type { RouteOptions } from 'fastify';
import { ServerError } from '../errors.js';
import { closeObjects, type Schema } from './schema-compiler.js';

export interface RoutePlace {
  readonly owner: string;
  readonly endpoint: string;
  /** Who declared which method and URL of the endpoint until now. */
  readonly owners: Map<string, string>;
}

/** Refuses a route that is declared already, tags it with its owner and closes the objects it reads. */
export function prepareRoute(route: RouteOptions, { owner, endpoint, owners }: RoutePlace): void {
  for (const method of [route.method].flat()) {
    if (method === 'HEAD') continue;
    const key = `${method} ${route.url}`;
    const other = owners.get(key);
    if (other !== undefined) {
      throw new ServerError(
        'ROUTE_TWICE',
        `${other} and ${owner} both declare ${key} on endpoint ${endpoint}; give one of them a prefix or another endpoint`,
      );
    }
    owners.set(key, owner);
  }
  const schema = { tags: [owner], ...route.schema };
  for (const part of ['body', 'querystring'] as const) {
    const declared = schema[part] as Schema | undefined;
    if (declared !== undefined) schema[part] = closeObjects(declared);
  }
  route.schema = schema;
}
