import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-library.js';
import * as scripts from './redis-scripts.js';

const hashOf = (script: string): string => createHash('sha1').update(script).digest('hex');
const hashes = new Map(Object.values(scripts).map((script) => [script, hashOf(script)]));

/** Makes all scripts known, so that a call names one by its hash. */
export async function loadScripts(client: RedisClient): Promise<void> {
  const nodes = 'nodes' in client ? client.nodes('master') : [client];
  for (const script of hashes.keys()) {
    for (const node of nodes) await node.script('LOAD', script);
  }
}

/** Runs one of the scripts on the keys of one namespace. `rest`: the present time, the deadline, parameters. */
export async function callScript(
  client: RedisClient,
  script: string,
  keys: readonly string[],
  rest: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(hashes.get(script) as string, keys.length, ...keys, ...rest);
  } catch (error) {
    // Somebody flushed the scripts, or another node of the cluster took the slot over.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
    return client.eval(script, keys.length, ...keys, ...rest);
  }
}
