import { execFile, spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encodeQuery } from 'beaconry/a2s-query';
import { HostedGameServers } from 'beaconry/plugins/web-api';
import { expect } from 'chai';
import { APP, WebWorld } from './web-world.js';

const run = promisify(execFile);
const has = (program: string): boolean =>
  spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
const docs = join('docs', 'clients', 'gameserver');
const compiled = join('dist', 'docs-clients');

describe('game server clients of docs/clients: server, game and player in three processes', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-gameserver-'));
  let world: WebWorld;
  before(async () => {
    world = await WebWorld.start();
  });
  after(async () => {
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The game's program runs while a player enters, is approved, and cancels his ticket. */
  const play = async (name: string, program: string, args: (of: Played) => readonly string[]) => {
    const { steamId, accountKey } = await world.administration.createAccount();
    await world.administration.grantLicence({ steamId, appId: APP });
    const script = fileURLToPath(new URL('./player-process.js', import.meta.url));
    const player = spawn(process.execPath, [script, world.url, accountKey, String(APP)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(player.stdout, 'data')) as [Buffer];
      const played = {
        ...{ url: world.url, port: world.server.address('http').port, steamId: `${steamId}` },
        ...{ token: await world.loginToken(), ticket: line.toString().trim() },
      };
      const game = run(program, [...args(played)], { timeout: 30_000 });
      const seen = await whileApproved(steamId, game);
      await listed(name);
      expect(seen).deep.equal({ name: 'Ann', score: 3 });
      player.stdin.write('cancel\n');
      const { stdout } = await game;
      const said = stdout.split('\n').filter((text) => /^(logged|begin|signal|done)/.test(text));
      expect(said).deep.equal(['logged on true', 'begin 0 verdict 0', 'signal 6', 'done']);
      expect(world.server.get(HostedGameServers).size).equal(0);
    } finally {
      player.kill();
    }
  };

  interface Played {
    readonly url: string;
    readonly port: number;
    readonly token: string;
    readonly ticket: string;
    readonly steamId: string;
  }

  /** Resolves with what the game shows of its player, once it does. */
  const whileApproved = async (steamId: bigint, game: Promise<unknown>) => {
    let over = false;
    const ended = () => {
      over = true;
    };
    game.then(ended, ended);
    for (;;) {
      for (const hosted of world.server.get(HostedGameServers).all()) {
        const shown = hosted.shownAs(steamId);
        if (shown.name !== '' && hosted.state.snapshot.advertise) return shown;
      }
      if (over) await game;
      if (over) throw new Error('the game ended before its player was there');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };

  const listed = async (name: string) => {
    for (let tries = 0; tries < 100; tries++) {
      const { body } = await world.call('GET', '/v1/servers');
      if (body.items.some((one: { name: string }) => one.name === name)) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`${name} is not listed`);
  };

  it('TypeScript', async () => {
    const options = ['--module', 'nodenext', '--target', 'es2022', '--strict', '--skipLibCheck'];
    const files = ['game-server-client.ts', 'example.ts'].map((file) => join(docs, file));
    const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [
      ...[tsc, '--ignoreConfig', ...options, '--types', 'node'],
      ...['--outDir', compiled, '--rootDir', docs, ...files],
    ]);
    await play('From TypeScript', process.execPath, ({ url, token, ticket, steamId }) => [
      ...[join(compiled, 'example.js'), url, token, ticket, steamId],
    ]);
  });

  it('C#', async function () {
    if (!has('mcs') || !has('mono')) {
      console.log('skipped: needs mono-mcs');
      this.skip();
    }
    const program = join(folder, 'example.exe');
    const files = ['GameServerClient.cs', 'Example.cs'].map((file) => join(docs, file));
    await run('mcs', [`-out:${program}`, ...files]);
    await play('From C#', 'mono', ({ url, token, ticket, steamId }) => [
      ...[program, url, token, ticket, steamId],
    ]);
  });

  it('GDScript', async function () {
    if (!has('godot3-server')) {
      console.log('skipped: needs godot3-server');
      this.skip();
    }
    for (const file of ['game_server_client.gd', 'example.gd']) {
      copyFileSync(join(docs, file), join(folder, file));
    }
    writeFileSync(join(folder, 'project.godot'), 'config_version=4\n');
    await play('From Godot', 'godot3-server', ({ port, token, ticket, steamId }) => [
      ...['--path', folder, '-s', 'example.gd'],
      ...['127.0.0.1', String(port), token, ticket, steamId],
    ]);
  });

  it('C', async function () {
    const program = join(folder, 'example');
    const source = join(docs, 'example.c');
    const flags = ['-std=c99', '-Wall', '-Wextra', '-Wno-unused-function', '-o', program];
    try {
      await run('cc', [...flags, source, '-lcurl']);
    } catch (error) {
      const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
      if (code !== 'ENOENT' && !stderr.includes('curl/curl.h')) throw error;
      console.log('skipped: needs gcc and libcurl4-openssl-dev');
      this.skip();
    }
    await play('From C', program, ({ url, token, ticket, steamId }) => [
      ...[url, token, ticket, steamId],
    ]);
  });

  it('the sidecar of a game that cannot be changed', async () => {
    const game = createSocket('udp4');
    game.on('message', (datagram, { port }) =>
      game.send(`game heard ${datagram}`, port, '127.0.0.1'),
    );
    const asking = createSocket('udp4');
    for (const socket of [game, asking]) {
      await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    }
    const bearer = await world.gameServer({ queryPort: 65535 });
    const body = { name: 'Old game', advertise: true };
    await world.call('PATCH', '/v1/gameservers/self', { bearer, body });
    const script = join(docs, 'legacy-sidecar.mjs');
    const args = [script, world.url, bearer, '0', String(game.address().port)];
    const sidecar = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [line] = (await once(sidecar.stdout, 'data')) as [Buffer];
      const port = Number(/\d+/.exec(line.toString())?.[0]);
      // What is asked twice is answered twice: late answers to an earlier question are passed over.
      const ask = async (bytes: Uint8Array, kind: number): Promise<Buffer> => {
        const answer = new Promise<Buffer>((resolve) => {
          const hear = (datagram: Buffer) => {
            if (datagram[4] !== kind) return;
            asking.off('message', hear);
            resolve(datagram);
          };
          asking.on('message', hear);
        });
        // The socket to the API may still be opening: what is sent then is lost, as datagrams are.
        const again = setInterval(() => asking.send(bytes, port, '127.0.0.1'), 100);
        asking.send(bytes, port, '127.0.0.1');
        const datagram = await answer;
        clearInterval(again);
        return datagram;
      };
      const heard = await ask(Buffer.from('hello'), 'game heard hello'.charCodeAt(4));
      expect(String(heard)).equal('game heard hello');
      const challenge = await ask(encodeQuery('info', null), 0x41);
      expect(challenge).have.length(9);
      const info = await ask(encodeQuery('info', challenge.readUInt32LE(5)), 0x49);
      expect(info.toString('latin1')).contain('Old game');
    } finally {
      sidecar.kill();
      game.close();
      asking.close();
    }
  });
});
