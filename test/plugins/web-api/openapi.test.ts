import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect } from 'chai';

const run = promisify(execFile);

describe('docs/openapi.json', () => {
  it('is what a running server says; npm run config writes it anew', async () => {
    const { stdout } = await run(process.execPath, ['scripts/write-openapi.mjs'], {
      maxBuffer: 16 * 1024 * 1024,
    });
    const said = JSON.parse(stdout);
    expect(said.openapi).equal('3.1.0');
    expect(JSON.parse(readFileSync('docs/openapi.json', 'utf8'))).deep.equal(said);
  }).timeout(30_000);
});
