import { ServerError } from 'beaconry';
import { LocalAdministration } from './local-administration.js';
import type { SteamAdministration } from './public.js';

/** Stands in where the backend lives elsewhere: accounts are kept there. */
export function remoteAdministration(url: string): SteamAdministration {
  const refuse = (name: string) => () => {
    const say = `${name} works only where the backend runs; ask the operator of ${url}`;
    return Promise.reject(new ServerError('BACKEND_IS_REMOTE', say));
  };
  const names = Object.getOwnPropertyNames(LocalAdministration.prototype);
  return Object.fromEntries(
    names.filter((name) => name !== 'constructor').map((name) => [name, refuse(name)]),
  ) as unknown as SteamAdministration;
}
