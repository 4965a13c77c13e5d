import { readFile } from 'node:fs/promises';
import { type Clock, messageOf, ServerError } from 'beaconry';
import { CoordinatorClient } from '../coordinator/sdr/coordinator-client.js';
import { NetworkConfigCache } from '../coordinator/sdr/network-config-cache.js';
import { decodePublicLine } from '../coordinator/sdr/openssh-key-codec.js';

export interface NetworkSourceOptions {
  readonly clock: Clock;
  /** Public lines of the roots. */
  readonly rootKeys: readonly string[];
  readonly appId: number;
  readonly file?: string;
  readonly coordinator?: string;
  readonly onFailure?: (message: string) => void;
}

/** The network config from a file, a coordinator, or both; checked and refreshed hourly. */
export async function openNetworkConfig(
  options: NetworkSourceOptions,
): Promise<NetworkConfigCache> {
  const { clock, rootKeys, appId, file, coordinator, onFailure } = options;
  const client =
    coordinator === undefined ? undefined : new CoordinatorClient({ url: coordinator, appId });
  const cache = new NetworkConfigCache({
    clock,
    appId,
    roots: rootKeys.map((line) => decodePublicLine(line)),
    ...(file === undefined ? {} : { file }),
    ...(onFailure === undefined ? {} : { onFailure }),
    fetch: async (etag) => {
      if (client === undefined) throw new ServerError('NO_COORDINATOR', 'no coordinator is named');
      return client.config(etag);
    },
  });
  await cache.start();
  return cache;
}

/** Reads a file that an option names; FILE says which and why not. */
export async function readText(file: string, what: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new ServerError('FILE', `${what}: ${messageOf(cause)}`, { cause });
  }
}
