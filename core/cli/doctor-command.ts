import type { Command } from 'commander';
import type { Finding } from '../doctor/doctor-check.js';
import { EXIT } from './exit-code.js';
import { setOption } from './set-option.js';
import { sourceOf } from './start-command.js';

/** Adds `doctor`: one line for each check, with the remedy where one is needed. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check ports, clock, file rights, store, certificates, and that masters answer')
    .argument('[file]', 'configuration file, else ./beaconry.yaml')
    .addOption(setOption())
    .option('--json', 'print JSON')
    .action(async (file: string | undefined, options: { set: string[]; json?: true }) => {
      // Importing it takes time that no other command should wait for.
      const { examine } = await import('../doctor/doctor.js');
      const findings: Finding[] = [];
      for await (const finding of examine(sourceOf(file, options.set))) {
        findings.push(finding);
        if (options.json !== true) process.stdout.write(lineOf(finding));
      }
      const bad = findings.filter(({ well }) => !well).length;
      process.stdout.write(
        options.json === true
          ? `${JSON.stringify(findings, null, 2)}\n`
          : `${bad === 0 ? 'all is well' : `${bad} of ${findings.length} checks found something`}\n`,
      );
      process.exitCode = bad === 0 ? EXIT.stopped : EXIT.failed;
    });
}

const lineOf = ({ check, well, text, remedy }: Finding): string =>
  `${well ? 'ok   ' : 'WRONG'} ${check.padEnd(13)} ${text}${remedy === undefined ? '' : ` - ${remedy}`}\n`;
