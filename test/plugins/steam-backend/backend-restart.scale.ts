import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Forked } from './processes/forked.js';

const APP = 480;
const COUNT = 1000;

describe('1,000 open sessions while the backend is killed and restarted', function () {
  this.timeout(280_000);
  const started: Forked[] = [];
  let folder: string;

  const start = (script: string, argument: object) => Forked.start(script, argument, started);

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-steam-'));
  });
  after(async () => {
    for (const forked of started.reverse()) await forked.kill();
    rmSync(folder, { recursive: true, force: true });
  });

  it('loses no session, approves none twice, and still refuses used tickets', async () => {
    const log = join(folder, 'backend.log');
    const config = { readyDelay: '0ms', serverTimeout: '90s', offlineGrace: '8s' };
    let backend = await start('./backend-process.js', { data: folder, port: 0, log, config });
    const port: number = await backend.ask('port');
    const url = `ws://127.0.0.1:${port}`;
    const keys: string[] = await backend.ask('players', COUNT, APP);
    const owner = await backend.ask('do', 'createAccount');
    const account = { owner: owner.steamId, appId: APP };
    const { loginToken } = await backend.ask('do', 'createServerAccount', account);

    const game = await start('./game-process.js', { backend: url, log: join(folder, 'game.log') });
    await game.ask('logOn', loginToken);
    // A backend holds at most 256 logons per socket, so the players come in groups.
    const tickets: (readonly [Uint8Array, bigint])[] = [];
    const groups: Forked[] = [];
    for (let from = 0; from < COUNT; from += 250) {
      const group = await start('./player-process.js', { backend: url });
      groups.push(group);
      tickets.push(...(await group.ask('ticketsOf', keys.slice(from, from + 250), APP)));
    }
    const answers: number[] = await game.ask('beginAll', tickets);
    expect(answers.every((answer) => answer === 0)).to.equal(true);
    expect(await game.ask('states')).to.eql({ valid: COUNT, loggedOn: true });

    await backend.kill();
    await game.ask('waitFor', 'server_disconnected', 1, 10_000);
    expect(await game.ask('states')).to.eql({ valid: COUNT, loggedOn: false });
    backend = await start('./backend-process.js', { data: folder, port, log, config });
    await game.ask('waitFor', 'server_connected', 2, 30_000);
    const deadline = Date.now() + 30_000;
    let online = 0;
    while (online < COUNT && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const counts: number[] = await Promise.all(groups.map((group) => group.ask('online')));
      online = counts.reduce((sum, count) => sum + count, 0);
    }
    expect(online).to.equal(COUNT);
    // Whatever was lost would be said now: the grace time of those who did not come back is over.
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    expect(await game.ask('states')).to.eql({ valid: COUNT, loggedOn: true });
    const verdicts = await game.ask('waitFor', 'validate_auth_ticket_response', COUNT, 1);
    expect(verdicts).to.have.length(COUNT);

    const sizes = await backend.ask('do', 'tableSizes');
    expect(sizes.sessions).to.equal(COUNT);
    for (const [bytes, steamId] of tickets.slice(0, 20)) {
      await game.ask('end', steamId);
      expect(await game.ask('begin', bytes, steamId)).to.equal(0);
      expect((await game.ask('verdicts', steamId, 2, 10_000)).at(-1)).to.eql([7, steamId]);
    }
  });
});
