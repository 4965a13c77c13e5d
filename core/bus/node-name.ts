import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Clock } from '../clock.js';
import { ServerError } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Store } from '../store/store.js';

const lease = 6000;
const renewal = 2000;
const look = 500;

type Claim = {
  readonly by: string;
  readonly host: string;
  readonly pid: number;
  readonly beat: number;
};

/**
 * Takes the name of a node for this process, since nodes know each other by it. The name of a node that died is
 * free after six seconds, on the same machine at once. Error `NODE_NAME` when a living node has it.
 */
export async function claimNodeName(
  store: Store,
  node: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<() => Promise<void>> {
  const by = randomBytes(9).toString('base64url');
  let beat = 0;
  const own = (): Claim => ({ by, host: hostname(), pid: process.pid, beat: beat++ });
  let seen: Claim | undefined;
  for (let first = true; !(await store.setIfAbsent(node, own(), { ttl: lease })); first = false) {
    const holder = await store.get<Claim>(node);
    if (holder === undefined) continue;
    if (holder.host === hostname() && !isAlive(holder.pid)) {
      await store.delete(node);
      continue;
    }
    if (seen !== undefined && seen.by === holder.by && seen.beat !== holder.beat) {
      throw new ServerError(
        'NODE_NAME',
        `a node called ${node} runs already (process ${holder.pid} on ${holder.host}): give each node a name of its own with the key "node"`,
      );
    }
    if (first) log.warn(`waiting for the name ${node}, which a node had that was not stopped`);
    seen ??= holder;
    await new Promise((resolve) => setTimeout(resolve, look));
  }
  const end = clock.every(renewal, () => {
    // While the store is lost nobody else can take the name either.
    store.set(node, own(), { ttl: lease }).catch(() => {});
  });
  return async () => {
    end();
    await store.delete(node).catch(() => {});
  };
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
