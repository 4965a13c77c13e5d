import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { BeaconryProcess } from '../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../end-to-end/temporary-folder.js';
import { root, unitSettings } from './unit-file.js';

const run = promisify(execFile);
const isThere = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** Node has no datagram sockets in the file system: somebody else holds the one of the service manager. */
const socketHolder = `
import socket, sys
held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
held.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(held.recv(4096).decode().replace("\\n", " "), flush=True)
`;

/** Plays systemd's side of NOTIFY_SOCKET. */
class NotifySocket {
  readonly heard: string[] = [];
  readonly path: string;
  readonly #holder;
  #wake = () => {};

  constructor(folder: string) {
    this.path = join(folder, 'notify');
    this.#holder = spawn('python3', ['-c', socketHolder, this.path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    createInterface({ input: this.#holder.stdout }).on('line', (line) => {
      this.heard.push(line);
      this.#wake();
    });
  }

  /** Waits until something was said, at the earliest after the place given; gives the place after it. */
  async hears(text: string, after = 0): Promise<number> {
    for (;;) {
      const at = this.heard.findIndex((line, i) => i >= after && line.split(' ').includes(text));
      if (at !== -1) return at + 1;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async close(): Promise<void> {
    this.#holder.kill();
    await once(this.#holder, 'close');
  }
}

describe('the systemd units', function () {
  this.timeout(30_000);
  const folder = temporaryFolder();
  let manager: NotifySocket | undefined;
  let server: BeaconryProcess | undefined;
  afterEach(async () => {
    await server?.kill();
    await manager?.close();
    manager = undefined;
  });

  it('are what systemd-analyze verify agrees with', async function () {
    if (!isThere('systemd-analyze')) {
      console.log('      skipped: needs systemd-analyze');
      this.skip();
    }
    const units = join(root, 'deploy/systemd');
    const files = readdirSync(units).filter((name) => /\.(service|timer)$/.test(name));
    expect(files.length).equal(4);
    const { stderr } = await run('systemd-analyze', [
      'verify',
      ...files.map((f) => join(units, f)),
    ]);
    expect(stderr).equal('');
  });

  it('start, rotate the log, reload and stop: ready, reloading and ready, stopping and exit 0 within the limit', async function () {
    if (!isThere('systemd-notify') || !isThere('python3')) {
      console.log('      skipped: needs systemd-notify and python3');
      this.skip();
    }
    const unit = unitSettings('systemd/beaconry.service');
    expect(unit.get('Service.Type')).equal('notify');
    expect(unit.get('Service.NotifyAccess')).equal('all');
    const [env, program, ...args] = (unit.get('Service.ExecStart') ?? '').split(' ');
    expect([env, program, args[0]]).deep.equal(['/usr/bin/env', 'beaconry', 'start']);
    expect(unit.get('Service.ExecReload')).equal('/bin/kill -HUP $MAINPID');
    writeFileSync(
      join(folder.path, 'beaconry.yaml'),
      "endpoints: { http: { http: '127.0.0.1:0' } }\nlog: { file: server.log }\nplugins: { rules: {} }\n",
    );
    manager = new NotifySocket(folder.path);
    await manager.hears('bound');
    server = new BeaconryProcess(['start'], {
      cwd: folder.path,
      env: { NOTIFY_SOCKET: manager.path },
    });
    const ready = await manager.hears('READY=1');
    expect(server.stdout).contain('beaconry ready ');
    expect(manager.heard[ready - 1]).contain('STATUS=1 of 1 plugins running');
    // As logrotate does it: the file moves away, the signal makes the server open it anew.
    const log = join(folder.path, 'data/server.log');
    renameSync(log, `${log}.1`);
    server.signal('SIGUSR2');
    while (!existsSync(log)) await new Promise((resolve) => setTimeout(resolve, 5));
    server.signal('SIGHUP');
    const reloading = await manager.hears('RELOADING=1', ready);
    await manager.hears('READY=1', reloading);
    expect(readFileSync(log, 'utf8')).contain('configuration reloaded');
    expect(readFileSync(`${log}.1`, 'utf8')).not.contain('configuration reloaded');
    const asked = performance.now();
    const { code } = await server.kill('SIGTERM');
    const limit = Number(unit.get('Service.TimeoutStopSec')) * 1000;
    expect(code).equal(0);
    expect(performance.now() - asked).lessThan(limit);
    await manager.hears('STOPPING=1', reloading);
  });

  it('host the rally of their name: ready when it is bound, exit 0 when stopped, the code of a wrong definition', async function () {
    if (!isThere('systemd-notify') || !isThere('python3')) {
      console.log('      skipped: needs systemd-notify and python3');
      this.skip();
    }
    const unit = unitSettings('systemd/beaconry-rally@.service');
    expect(unit.get('Service.Type')).equal('notify');
    expect(unit.get('Service.NotifyAccess')).equal('all');
    const line = unit.get('Service.ExecStart') ?? '';
    const options = '--listen 127.0.0.1:0 --http 127.0.0.1:0 --bots 2';
    const [env, program, ...args] = line
      .replace('/etc/beaconry/rallies/%i', join(root, 'fixtures/rally'))
      .replace('/var/lib/beaconry-rally/%i', join(folder.path, 'tarns'))
      .replace('$BEACONRY_RALLY_OPTIONS', options)
      .split(' ');
    expect([env, program]).deep.equal(['/usr/bin/env', 'beaconry']);
    manager = new NotifySocket(folder.path);
    await manager.hears('bound');
    server = new BeaconryProcess(args, {
      cwd: folder.path,
      env: { NOTIFY_SOCKET: manager.path, BEACONRY_RALLY_PASSWORD: 'secret' },
    });
    const ready = await manager.hears('READY=1');
    await server.waitFor(/^ {2}join {5}\+connect 127\.0\.0\.1:\d+ \+password …$/m);
    const asked = performance.now();
    expect((await server.kill('SIGTERM')).code).equal(0);
    expect(performance.now() - asked).lessThan(Number(unit.get('Service.TimeoutStopSec')) * 1000);
    await manager.hears('STOPPING=1', ready);
    const missing = args.map((word) => word.replace('fixtures/rally', 'fixtures/packets'));
    server = new BeaconryProcess(missing, { cwd: folder.path });
    const { code, stderr } = await server.ended;
    expect(stderr).contain('rally.json');
    expect(unit.get('Service.RestartPreventExitStatus')?.split(' ')).include(String(code));
  });

  it('say what the program needs: its exit codes, its folder, no rights', () => {
    const unit = unitSettings('systemd/beaconry.service');
    expect(unit.get('Service.RestartPreventExitStatus')).equal('2 78');
    expect(unit.get('Service.StateDirectoryMode')).equal('0700');
    expect(unit.get('Service.CapabilityBoundingSet')).equal('');
    expect(unit.get('Service.ProtectSystem')).equal('strict');
    const backup = unitSettings('systemd/beaconry-backup.service').get('Service.ExecStart') ?? '';
    expect(backup).contain('beaconry backup ').and.contain('/etc/beaconry/beaconry.yaml');
  });
});
