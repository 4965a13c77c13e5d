import { PeerAddress, ServerError, SystemClock } from 'beaconry';
import { CoordinatorClient } from '../../coordinator/sdr/coordinator-client.js';
import type { NetworkConfigCache } from '../../coordinator/sdr/network-config-cache.js';
import type { TrustedNetwork } from '../agent/relay-access.js';
import { openNetworkConfig, readText } from '../network-source.js';

export interface NetworkOptions {
  readonly app: string;
  readonly coordinator?: string;
  readonly config?: string;
  readonly root: readonly string[];
}
export const clock = new SystemClock();
export const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

/** The network config that the options name, and whom it makes us trust. */
export async function networkOf(
  options: NetworkOptions,
  appId: number,
): Promise<{
  readonly cache: NetworkConfigCache;
  readonly trusted: () => TrustedNetwork | undefined;
}> {
  const rootKeys: string[] = [];
  for (const root of options.root) {
    rootKeys.push(root.startsWith('ssh-') ? root : (await readText(root, '--root')).trim());
  }
  const cache = await openNetworkConfig({
    clock,
    rootKeys,
    appId,
    ...(options.config === undefined ? {} : { file: options.config }),
    ...(options.coordinator === undefined ? {} : { coordinator: options.coordinator }),
    onFailure: (message) => {
      if (options.coordinator !== undefined) say(`network config is not refreshed: ${message}`);
    },
  });
  const trusted = (): TrustedNetwork | undefined =>
    cache.config === undefined
      ? undefined
      : { config: cache.config, certificates: cache.certificates };
  return { cache, trusted };
}

/** Of the environment, which no list of processes shows. */
export const ownToken = (): string | undefined => process.env.BEACONRY_TOKEN;

export function coordinatorAt(
  url: string,
  appId: number,
  token: () => string | undefined = ownToken,
): CoordinatorClient {
  return new CoordinatorClient({ url, appId, token });
}

/** Where `--signaling` leads, by host name too. */
export function signalingAt(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text) ?? [];
  if (host !== '' && Number(port) <= 65535) return { host, port: Number(port) };
  throw new ServerError('USAGE', `--signaling "${text}" is not host:port`);
}

export function natural(text: string, option: string): number {
  const value = Number(text);
  if (/^\d{1,10}$/.test(text) && value <= 0xffffffff) return value;
  throw new ServerError('USAGE', `${option} "${text}" is not a number`);
}

export function addressOf(text: string, option: string): PeerAddress {
  const address = PeerAddress.parse(text);
  if (address !== undefined) return address;
  throw new ServerError('USAGE', `${option} "${text}" is not host:port`);
}

export const needsCoordinator = (what: string): ServerError =>
  new ServerError('USAGE', `${what} needs --coordinator`);

/** Resolves with the first signal to end. */
export const stopped = (): Promise<void> =>
  new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
