import { startTestServer, type TestServer, type TestServerOptions } from 'beaconry/testing';
import type { RedisProcess } from '../core/store/redis-process.js';

let clusters = 0;

/** Whole servers on one redis: real sockets, real time. Each has its own folder, name and ports. */
export async function startCluster(
  redis: RedisProcess,
  count: number,
  options: TestServerOptions | ((node: number) => TestServerOptions),
): Promise<TestServer[]> {
  const prefix = `cluster-${process.pid}-${++clusters}`;
  const nodes: TestServer[] = [];
  try {
    for (let i = 0; i < count; i++) nodes.push(await startNode(redis, prefix, i, options));
    return nodes;
  } catch (error) {
    await stopAll(nodes);
    throw error;
  }
}

/** One more node of the newest cluster. */
export const joinCluster = (
  redis: RedisProcess,
  node: number,
  options: TestServerOptions | ((node: number) => TestServerOptions),
): Promise<TestServer> => startNode(redis, `cluster-${process.pid}-${clusters}`, node, options);

function startNode(
  redis: RedisProcess,
  prefix: string,
  node: number,
  given: TestServerOptions | ((node: number) => TestServerOptions),
): Promise<TestServer> {
  const options = typeof given === 'function' ? given(node) : given;
  const store = { driver: 'redis', url: redis.url, prefix };
  return startTestServer({
    real: true,
    ...options,
    config: { node: `node-${node}`, store, ...options.config },
  });
}

export async function stopAll(nodes: readonly TestServer[]): Promise<void> {
  for (const node of nodes) await node.stop();
}
