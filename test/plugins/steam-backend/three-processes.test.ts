import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Forked } from './processes/forked.js';
import { queryInfo } from './processes/query-info.js';

const APP = 480;

describe('a session over real sockets, in three processes', function () {
  // Three processes start, on whatever machine.
  this.timeout(90_000);
  const started: Forked[] = [];
  const secrets: string[] = [];
  let folder: string;
  let backend: Forked;
  let game: Forked;
  let player: Forked;
  let url: string;
  let steamId: bigint;

  const start = (script: string, argument: object) => Forked.start(script, argument, started);
  const account = async (options: { licence?: boolean; lender?: bigint } = {}) => {
    const made = await backend.ask('do', 'createAccount');
    secrets.push(made.accountKey);
    if (options.licence !== false) {
      const licence = { steamId: made.steamId, appId: APP, lender: options.lender ?? null };
      await backend.ask('do', 'grantLicence', licence);
    }
    return made as { steamId: bigint; accountKey: string };
  };
  const approved = async (): Promise<{ handle: number; bytes: Uint8Array }> => {
    const ticket = await player.ask('ticket', steamId, APP);
    expect(await game.ask('begin', ticket.bytes, steamId)).to.equal(0);
    expect(await game.ask('verdicts', steamId, 1, 5000)).to.eql([[0, steamId]]);
    return ticket;
  };

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'beaconry-steam-'));
    const config = { offlineGrace: '400ms' };
    const log = join(folder, 'backend.log');
    backend = await start('./backend-process.js', { data: folder, port: 0, log, config });
    url = `ws://127.0.0.1:${await backend.ask('port')}`;
    const gameLog = join(folder, 'game.log');
    [game, player] = await Promise.all([
      start('./game-process.js', { backend: url, log: gameLog }),
      start('./player-process.js', { backend: url }),
    ]);
    const owner = await account();
    const options = { owner: owner.steamId, appId: APP };
    const { loginToken } = await backend.ask('do', 'createServerAccount', options);
    secrets.push(loginToken);
    expect(await game.ask('logOn', loginToken)).not.to.equal(0n);
  });
  after(async () => {
    for (const forked of started.reverse()) await forked.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    const made = await account();
    steamId = await player.ask('logOn', made.accountKey);
    expect(steamId).to.equal(made.steamId);
  });
  afterEach(async () => {
    await game.ask('end', steamId);
  });

  it('approves, and the A2S player count follows', async () => {
    const port = await game.ask('queryPort');
    expect((await queryInfo(port)).players).to.equal(0);
    await approved();
    expect((await queryInfo(port)).players).to.equal(1);
    await game.ask('end', steamId);
    expect((await queryInfo(port)).players).to.equal(0);
  });

  it('refuses the second use of a ticket with 7', async () => {
    const { bytes } = await approved();
    await game.ask('end', steamId);
    expect(await game.ask('begin', bytes, steamId)).to.equal(0);
    expect((await game.ask('verdicts', steamId, 2, 5000)).at(-1)).to.eql([7, steamId]);
  });

  it('says 6 when the player cancels', async () => {
    const { handle } = await approved();
    await player.ask('cancel', steamId, handle);
    expect((await game.ask('verdicts', steamId, 2, 5000)).at(-1)).to.eql([6, steamId]);
  });

  for (const [kind, code] of [
    ['vac', 3],
    ['game', 9],
  ] as const) {
    it(`says ${code} when a ${kind} ban lands mid-game`, async () => {
      await approved();
      const ban = { steamId, appId: APP, kind, by: 'test', reason: 'test' };
      await backend.ask('do', 'ban', ban);
      expect((await game.ask('verdicts', steamId, 2, 5000)).at(-1)).to.eql([code, steamId]);
    });
  }

  it('says 2 when the licence is revoked', async () => {
    await approved();
    await backend.ask('do', 'revokeLicence', steamId, APP);
    expect((await game.ask('verdicts', steamId, 2, 5000)).at(-1)).to.eql([2, steamId]);
  });

  it('says 4 at a second logon of the account', async () => {
    await approved();
    const { accountKey } = await backend.ask('do', 'resetAccountKey', steamId);
    secrets.push(accountKey);
    await player.ask('logOn', accountKey);
    expect((await game.ask('verdicts', steamId, 2, 5000)).at(-1)).to.eql([4, steamId]);
  });

  it('says 1 after the grace time when the player is killed', async () => {
    const doomed = await start('./player-process.js', { backend: url });
    const made = await account();
    steamId = await doomed.ask('logOn', made.accountKey);
    const { bytes } = await doomed.ask('ticket', steamId, APP);
    await game.ask('begin', bytes, steamId);
    expect(await game.ask('verdicts', steamId, 1, 5000)).to.eql([[0, steamId]]);
    const killed = Date.now();
    await doomed.kill();
    expect((await game.ask('verdicts', steamId, 2, 5000)).at(-1)).to.eql([1, steamId]);
    expect(Date.now() - killed).to.be.greaterThan(300);
  });

  it('names the owner of a borrowed game in signal and ban record', async () => {
    const lender = await account();
    const borrower = await account({ lender: lender.steamId });
    await game.ask('end', steamId);
    steamId = await player.ask('logOn', borrower.accountKey);
    const { bytes } = await player.ask('ticket', steamId, APP);
    await game.ask('begin', bytes, steamId);
    expect(await game.ask('verdicts', steamId, 1, 5000)).to.eql([[0, lender.steamId]]);
    const ban = { steamId, appId: APP, kind: 'game', by: 'test', reason: 'test' };
    await backend.ask('do', 'ban', ban);
    expect((await game.ask('verdicts', steamId, 2, 5000)).at(-1)).to.eql([9, lender.steamId]);
    const [onOwner] = await backend.ask('do', 'bans', lender.steamId);
    expect(onOwner.becauseOf).to.equal(steamId);
  });

  it('keeps the key file to itself and writes no secret to a log', async () => {
    await approved();
    expect(statSync(join(folder, 'steam-ticket.key')).mode & 0o777).to.equal(0o600);
    const logs = ['backend.log', 'game.log'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    );
    expect(logs.join('')).to.have.length.greaterThan(0);
    for (const secret of secrets) {
      for (const log of logs) expect(log.toLowerCase()).not.to.contain(secret.toLowerCase());
    }
    expect(logs.join('')).not.to.contain('PRIVATE KEY');
  });
});
