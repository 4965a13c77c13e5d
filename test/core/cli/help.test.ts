import { expect } from 'chai';
import type { Command } from 'commander';
import { addPluginParts, ownProgram } from '../../../core/cli/program.js';

describe('the help of every command', () => {
  it('fits into 80 columns, says what each command does, and asks nobody to read empty defaults', async () => {
    const program = ownProgram();
    await addPluginParts(program);
    const all = (command: Command): Command[] => [command, ...command.commands.flatMap(all)];
    const commands = all(program);
    expect(commands.length).greaterThan(60);
    for (const command of commands) {
      command.configureOutput({ getOutHelpWidth: () => 80 });
      const page = command.helpInformation();
      expect(
        page.split('\n').filter((line) => line.length > 80),
        command.name(),
      ).deep.equal([]);
      expect(page).not.match(/default: (\[\]|"")|undefined|\(text/);
      expect(command.description(), command.name()).match(/^[a-z].{6,}[^.]$/);
    }
  });

  it('has all commands in groups with a name', async () => {
    const program = ownProgram();
    await addPluginParts(program);
    for (const command of program.commands) {
      expect(command.helpGroup(), command.name()).match(/:$/);
    }
  });
});
