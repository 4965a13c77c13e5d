import { readFile } from 'node:fs/promises';
import { expect } from 'chai';

const root = new URL('../../../', import.meta.url);

interface Package {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

describe('docs/dependencies.md', () => {
  it('has a line for each package of package.json and for no other', async () => {
    const text = await readFile(new URL('docs/dependencies.md', root), 'utf8');
    const described = text
      .split('\n')
      .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
      .flatMap((line) => (line.split('|')[1] ?? '').split(','))
      .map((name) => name.trim())
      .filter((name) => name !== 'package');
    const file = JSON.parse(await readFile(new URL('package.json', root), 'utf8')) as Package;
    const used = [file.dependencies, file.optionalDependencies, file.devDependencies].flatMap(
      (group) => Object.keys(group),
    );
    expect(described.sort()).to.deep.equal(used.sort());
  });
});
