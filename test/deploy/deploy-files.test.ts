import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { parse } from 'yaml';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { freePorts } from '../end-to-end/free-ports.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { dockerStages, type Stage, textsOf } from './dockerfile.js';
import { deployFile, root } from './unit-file.js';

const demo = parse(readFileSync(join(root, 'demo/beaconry.yaml'), 'utf8')) as {
  endpoints: Record<string, unknown>;
  plugins: Record<string, Record<string, unknown>>;
};

/** Names of metrics that a node with every bundled plugin has. */
async function metricNames(): Promise<Set<string>> {
  const key = (name: string) => join(root, 'fixtures/keys', `localhost-${name}.pem`);
  const test = await startTestServer({
    plugins: {
      ...demo.plugins,
      rally: { definition: join(root, 'fixtures/rally') },
      rcon: { password: 'correct horse' },
    },
    endpoints: {
      embedded: { udp: 'shared' },
      rcon: { tcp: '127.0.0.1:0', tls: { cert: key('cert'), key: key('key') } },
    },
  });
  try {
    const metrics = await test.server.metrics.registry.getMetricsAsJSON();
    return new Set(metrics.map(({ name }) => name).concat('up'));
  } finally {
    await test.stop();
  }
}

/** Everything in an expression of Prometheus that could be the name of a metric. */
const metricsIn = (expression: string): string[] =>
  expression
    .replace(/\{[^}]*\}|\[[^\]]*\]|"[^"]*"/g, ' ')
    .replace(/\b(?:by|on|without)\s*\([^)]*\)/g, ' ')
    .match(/\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b(?!\s*\()|\bup\b/g) ?? [];

describe('files for operators', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let server: BeaconryProcess | undefined;
  afterEach(() => server?.kill());

  it('the dashboard and the alert rules name only metrics that exist', async () => {
    const names = await metricNames();
    const dashboard = JSON.parse(deployFile('grafana/beaconry.json')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const rules = parse(deployFile('prometheus/beaconry.rules.yaml')) as {
      groups: { rules: { alert: string; expr: string; annotations: { remedy: string } }[] }[];
    };
    const expressions = [
      ...dashboard.panels.flatMap(({ title, targets }) =>
        targets.map(({ expr }) => [title, expr] as const),
      ),
      ...rules.groups.flatMap((group) =>
        group.rules.map((rule) => [rule.alert, rule.expr] as const),
      ),
    ];
    expect(expressions.length).greaterThan(30);
    for (const [where, expression] of expressions) {
      const used = metricsIn(expression);
      expect(used, where).not.empty;
      for (const name of used) expect(names.has(name), `${where}: ${name}`).equal(true);
    }
  });

  it('the alert rules say what to do, and the pages they name exist', () => {
    const text = deployFile('prometheus/beaconry.rules.yaml');
    const { groups } = parse(text) as {
      groups: { rules: { annotations: Record<string, string> }[] }[];
    };
    for (const { annotations } of groups.flatMap(({ rules }) => rules)) {
      expect(annotations.summary).not.empty;
      expect(annotations.remedy).not.empty;
    }
    for (const [page] of text.matchAll(/docs\/[a-z-]+\.md/g)) {
      expect(existsSync(join(root, page)), page).equal(true);
    }
  });

  it('the image copies what exists, runs without rights, and opens ports that plugins use', () => {
    const text = deployFile('docker/Dockerfile');
    const stages = dockerStages();
    const [build, image] = stages as [Stage, Stage];
    expect(stages.map(({ name }) => name)).deep.equal(['build', '']);
    for (const copy of stages.flatMap((stage) => textsOf(stage, 'COPY'))) {
      for (const source of copy.split(' ').slice(0, -1)) {
        expect(existsSync(join(root, source)), source).equal(true);
      }
    }
    // Of the first stage only the tarball comes along, and it is not even copied.
    expect(textsOf(build, 'RUN').at(-1)).contain(' /beaconry.tgz');
    expect(textsOf(image, 'COPY')).deep.equal([]);
    const mounts = textsOf(image, 'RUN').flatMap((command) => command.match(/--mount=\S+/g) ?? []);
    expect(mounts).deep.equal(['--mount=from=build,source=/beaconry.tgz,target=/beaconry.tgz']);
    const names = image.instructions.map(({ name }) => name);
    expect(textsOf(image, 'USER')).deep.equal(['node']);
    // What needs rights was done before; what is written goes to the volume, so the rest can be read-only.
    expect(names.lastIndexOf('RUN')).lessThan(names.indexOf('USER'));
    expect(textsOf(image, 'VOLUME')).deep.equal(['/data']);
    expect(textsOf(image, 'ENV').join(' ')).contain('BEACONRY_DATA=/data');
    const used = new Set(
      [
        readFileSync(join(root, 'beaconry.example.yaml'), 'utf8'),
        readFileSync(join(root, 'demo/beaconry.yaml'), 'utf8'),
      ]
        .flatMap((file) => [...file.matchAll(/(udp|tcp|http): *\[?([^\]}]*)/g)])
        .flatMap(([, protocol, binds]) =>
          [...(binds ?? '').matchAll(/127\.0\.0\.1:(\d+)/g)].map(
            ([, port]) => `${port}/${protocol === 'udp' ? 'udp' : 'tcp'}`,
          ),
        ),
    );
    const exposed = /^EXPOSE (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
    expect(exposed.length).greaterThan(5);
    for (const port of exposed) expect(used.has(port), port).equal(true);
    expect(text).match(/127\.0\.0\.1:8081\/readyz/);
  });

  it('the panel egg starts a node, and waits for the line that it prints', async () => {
    const egg = JSON.parse(deployFile('pterodactyl/egg-beaconry.json')) as {
      startup: string;
      config: { startup: string; stop: string };
      variables: { env_variable: string; default_value: string }[];
    };
    const [http] = await freePorts(1, 'tcp');
    const [master] = await freePorts(1, 'udp');
    const values: Record<string, string> = {
      ...Object.fromEntries(egg.variables.map((one) => [one.env_variable, one.default_value])),
      HTTP_PORT: String(http),
      SERVER_PORT: String(master),
    };
    const line = egg.startup.replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
      expect(values, name).have.property(name);
      return values[name] ?? '';
    });
    const [npx, beaconry, ...args] = line.replaceAll('0.0.0.0', '127.0.0.1').split(' ');
    expect([npx, beaconry]).deep.equal(['npx', 'beaconry']);
    writeFileSync(
      join(folder.path, 'beaconry.yaml'),
      "endpoints: { http: { http: '127.0.0.1:0' }, master: { udp: '127.0.0.1:0' } }\nplugins: { master: {} }\n",
    );
    server = new BeaconryProcess(args, { cwd: folder.path });
    await server.ready();
    const { done } = JSON.parse(egg.config.startup) as { done: string };
    expect(server.stdout.split('\n').some((printed) => printed.startsWith(done))).equal(true);
    expect(egg.config.stop).equal('^C');
    expect((await server.kill('SIGINT')).code).equal(0);
  });

  it('the log is rotated by the signal on which the server opens it anew', async () => {
    expect(deployFile('logrotate/beaconry')).contain('--signal=SIGUSR2');
  });
});
