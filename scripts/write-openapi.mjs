#!/usr/bin/env node
/**
 * Writes the API description (OpenAPI 3.1) that a running server with all bundled plugins gives at
 * `/openapi.json` of its admin endpoint: `npm run config` keeps docs/openapi.json equal to it.
 */
import { readFileSync } from 'node:fs';
import { startTestServer } from 'beaconry/testing';
import { parse } from 'yaml';

const demo = parse(readFileSync(new URL('../demo/beaconry.yaml', import.meta.url), 'utf8'));
const token = 'the-token-of-the-description';
const endpoints = Object.fromEntries(
  Object.entries(demo.endpoints).map(([name, endpoint]) => {
    const [[protocol, address]] = Object.entries(endpoint);
    return [name, { [protocol]: address === 'shared' ? address : '127.0.0.1:0' }];
  }),
);
const server = await startTestServer({
  endpoints,
  config: { management: { token } },
  plugins: demo.plugins,
});
try {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await server.request({ method: 'GET', url: '/openapi.json', headers }, 'admin');
  if (answer.statusCode !== 200) throw new Error(answer.body);
  const { paths, ...description } = answer.json();
  const sorted = Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1)));
  process.stdout.write(`${JSON.stringify({ ...description, paths: sorted }, null, 1)}\n`);
} finally {
  await server.stop();
}
