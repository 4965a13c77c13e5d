import type { Command } from 'commander';
import { newPlugin } from '../new-plugin/new-plugin.js';

/** Adds `new-plugin`. */
export function addNewPluginCommand(program: Command): void {
  program
    .command('new-plugin')
    .description('write a plugin of your own, with configuration, service, command and tests')
    .argument('<name>', 'in kebab case; also the name of the new folder')
    .option(
      '--typescript',
      'sources that are compiled, in place of JavaScript with types in comments',
    )
    .action((name: string, options: { typescript?: true }) => {
      const { folder, files, linked } = newPlugin(name, {
        parent: process.cwd(),
        language: options.typescript === true ? 'typescript' : 'javascript',
      });
      const entry = options.typescript === true ? 'dist/source/index.js' : 'index.js';
      process.stdout.write(
        [
          `wrote ${files.length} files to ${folder}`,
          ...(linked ? [`linked ${name}/node_modules/beaconry to this installation`] : []),
          '',
          'Try:',
          `  cd ${name}`,
          ...(options.typescript === true ? ['  npm install'] : []),
          '  npm test',
          '  npx beaconry dev .',
          '',
          'To use it, add this to the configuration of your server:',
          '  plugins:',
          `    ${name}: { use: ./${name}/${entry} }`,
          '',
        ].join('\n'),
      );
    });
}
