import { expect } from 'chai';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { temporaryFolder } from '../../end-to-end/temporary-folder.js';

describe('the help of every command', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const help = async (...command: string[]) =>
    (await new BeaconryProcess([...command, '--help'], { cwd: folder.path }).ended).stdout;
  /** Names below the first heading of commands. */
  const commandsIn = (text: string) =>
    [...text.matchAll(/^ {2}([a-z][a-z-]+)(?: .*)? {2,}\S/gm)]
      .map(([, name = '']) => name)
      .filter((name) => name !== 'help');

  it('fits into 80 columns, says what each command does, and asks nobody to read empty defaults', async () => {
    const top = await help();
    const commands = commandsIn(top);
    expect(commands.length).greaterThan(25);
    const pages = [top];
    for (const name of commands) {
      const page = await help(name);
      pages.push(page);
      const below = page.split(/^Commands:$/m)[1];
      for (const child of below === undefined ? [] : commandsIn(below)) {
        pages.push(await help(name, child));
      }
    }
    expect(pages.length).greaterThan(60);
    for (const page of pages) {
      const lines = page.split('\n');
      expect(lines.filter((line) => line.length > 80)).deep.equal([]);
      expect(page).not.match(/default: (\[\]|"")|undefined|\(text/);
      // A usage alone is no help.
      expect(lines[2], page).match(/\S{3,}/);
    }
  });
});
