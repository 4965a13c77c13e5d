import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openLog } from '../../core/log.js';

describe('recent lines of the log', () => {
  const folder = mkdtempSync(join(tmpdir(), 'beaconry-log-'));
  after(() => rmSync(folder, { recursive: true }));
  const open = () =>
    openLog({ level: 'info', file: join(folder, 'server.log'), plugins: new Map() });

  it('are the lines that the log wrote, with their plugin and without secrets', () => {
    const { log, forPlugin, recent } = open();
    log.debug('too fine');
    log.info('ready');
    forPlugin('master').warn({ token: 'secret', servers: 3 }, 'full');
    const [first, second] = recent.after(0, 100);
    expect(first).to.include({ number: 1, level: 'info', plugin: null, message: 'ready' });
    expect(first?.details).to.equal('');
    expect(second).to.include({ number: 2, level: 'warn', plugin: 'master', message: 'full' });
    expect(JSON.parse(second?.details ?? '')).to.deep.equal({ token: '[redacted]', servers: 3 });
  });

  it('continue behind a number, and are the newest when more are asked for than allowed', () => {
    const { log, recent } = open();
    for (let i = 1; i <= 30; i++) log.info(`line ${i}`);
    const numbers = (after: number, limit: number) =>
      recent.after(after, limit).map(({ number }) => number);
    expect(numbers(28, 100)).to.deep.equal([29, 30]);
    expect(numbers(0, 3)).to.deep.equal([28, 29, 30]);
    expect(numbers(99, 100)).to.deep.equal([]);
  });

  it('stay few and short, whatever strangers cause to be logged', () => {
    const { log, recent } = open();
    for (let i = 0; i < 520; i++) log.info('short');
    log.info({ name: 'n'.repeat(50_000) }, 'm'.repeat(50_000));
    const lines = recent.after(0, 10_000);
    expect(lines.map(({ number }) => number)).to.deep.equal(
      Array.from({ length: 500 }, (_, i) => 22 + i),
    );
    expect(lines.at(-1)?.message).to.equal('m'.repeat(2000));
    expect(lines.at(-1)?.details).to.equal('');
  });
});
