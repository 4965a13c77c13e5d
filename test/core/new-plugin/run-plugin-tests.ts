import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs `node --test` in the folder of a plugin and gives its counts. */
export async function runPluginTests(folder: string, files: readonly string[] = []) {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--test', '--test-reporter=tap', ...files],
    {
      cwd: folder,
      // The runner of a surrounding `node --test` must not take these results for its own.
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    },
  );
  const count = (what: string) => Number(new RegExp(`^# ${what} (\\d+)$`, 'm').exec(stdout)?.[1]);
  return { passed: count('pass'), failed: count('fail') };
}
