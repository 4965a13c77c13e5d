import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);

describe('docs/limits.md', () => {
  it('has every limit that stands in the code; npm run config writes it anew', async () => {
    const { stdout } = await run(process.execPath, ['scripts/write-limits.mjs']);
    expect(stdout.split('\n').length).to.be.greaterThan(100);
    expect(readFileSync('docs/limits.md', 'utf8')).to.equal(stdout);
  }).timeout(30_000);
});
