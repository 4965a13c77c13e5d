import { existsSync } from 'node:fs';
import pino from 'pino';
import { type NodeOptions, RunningNode } from '../cli/running-node.js';
import { SystemClock } from '../clock.js';
import { ConfigFile, type ConfigSource } from '../config/config-file.js';
import { ConfigError, formatProblem, messageOf } from '../errors.js';
import { bundledPlugins } from '../plugin-loader.js';
import { type Prepared, prepare } from '../prepare.js';
import { checkCertificates } from './certificate-checks.js';
import { type DoctorChecks, type Finding, well, wrong } from './doctor-check.js';
import { checkFiles } from './file-checks.js';
import { type BoundEndpoints, checkPorts, checkUdpEcho } from './port-checks.js';
import { checkClock, checkStore } from './store-checks.js';
import { askByUdp } from './udp-exchange.js';

/** Everything that can be seen of a node from beside it; it need not run. */
export async function* examine(source: ConfigSource): AsyncIterable<Finding> {
  const clock = new SystemClock();
  let file: ConfigFile;
  let prepared: Prepared | undefined;
  try {
    prepared = await prepare(source);
    file = prepared.file;
    yield well('configuration', `${file.path} is right`);
  } catch (error) {
    const problems = error instanceof ConfigError ? error.problems.map(formatProblem) : [];
    for (const text of problems.length > 0 ? problems : [messageOf(error)]) {
      yield wrong('configuration', text, 'mend the file; "beaconry check-config" shows the same');
    }
    try {
      file = ConfigFile.open(source);
    } catch {
      return;
    }
  }
  yield checkClock(clock);
  yield* checkFiles(file.server);
  const running = await boundEndpoints(file);
  if (running === undefined) yield* checkStore(file.server, pino({ level: 'silent' }), clock);
  else yield* checkRunning(file);
  yield* checkPorts(file.server.endpoints.values(), running);
  yield* checkCertificates(file.server.endpoints.values(), clock.now());
  yield* checkUdpEcho();
  if (prepared !== undefined) yield* checkPlugins(prepared);
}

/** What bundled plugins check, of those that the file enables. */
async function* checkPlugins({ file, plugins }: Prepared): AsyncIterable<Finding> {
  const bundled = bundledPlugins();
  for (const { name, use } of file.plugins) {
    const entry = bundled.get(use);
    const module = entry === undefined ? undefined : new URL('doctor.js', entry);
    if (module === undefined || !existsSync(module)) continue;
    const { default: checks } = (await import(module.href)) as { default: DoctorChecks };
    const config = plugins.find((plugin) => plugin.name === name)?.config;
    yield* checks({ config, endpoints: file.server.endpoints, ask: askByUdp });
  }
}

/** What the node that runs with this file has bound; undefined when none answers. */
async function boundEndpoints(file: ConfigFile): Promise<BoundEndpoints | undefined> {
  try {
    const { items } = await nodeOf(file).get<{
      items: { name: string; bound: { host: string; port: number }[] }[];
    }>('/v1/admin/endpoints');
    return new Map(items.map(({ name, bound }) => [name, bound]));
  } catch {
    return undefined;
  }
}

async function* checkRunning(file: ConfigFile): AsyncIterable<Finding> {
  try {
    await nodeOf(file).get('/readyz');
    yield well('node', 'the running node is ready, its store is open');
  } catch (error) {
    const remedy = 'see its log; what it says here is the reason';
    yield wrong('node', `the running node is not ready: ${messageOf(error)}`, remedy);
  }
}

const nodeOf = (file: ConfigFile): RunningNode => {
  const options: NodeOptions = { config: file.path };
  return RunningNode.find(options);
};
