import { fileURLToPath } from 'node:url';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { BeaconryProcess } from './beaconry-process.js';
import { runNode } from './run-node.js';

const beaconry = fileURLToPath(new URL('../../core/cli/main.js', import.meta.url));

describe('beaconry query', () => {
  let server: TestServer | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  const query = async (...options: readonly string[]): Promise<string> => {
    server = await startTestServer({
      real: true,
      plugins: {
        'game-server': { name: 'Asked', players: [{ name: 'alice', score: 3, duration: 65 }] },
        rules: { values: { sv_gravity: '800' } },
        a2s: {},
      },
    });
    const address = server.address('game').toString();
    return runNode([beaconry, 'query', address, ...options], process.cwd());
  };

  it('prints info, players and rules for people', async () => {
    const text = await query();
    expect(text).to.match(/^Asked\n/);
    expect(text).to.match(/3 +0:01:0\d +alice/);
    expect(text).to.include('sv_gravity = 800');
  });

  it('refuses a time that is none', async () => {
    for (const time of ['soon', '0', '-5', '']) {
      const { code, stderr } = await new BeaconryProcess([
        ...['query', '127.0.0.1:1', `--timeout=${time}`],
      ]).ended;
      expect([code, stderr]).to.deep.equal([2, `"${time}" is no number of milliseconds above 0\n`]);
    }
  });

  it('prints them for programs with --json', async () => {
    const { info, players, rules } = JSON.parse(await query('--json'));
    expect([info.name, players[0].name, rules]).to.deep.equal([
      'Asked',
      'alice',
      { sv_gravity: '800' },
    ]);
  });
});
