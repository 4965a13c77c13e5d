import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a Node program to its end and gives what it printed. */
export async function runNode(parameters: readonly string[], folder: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, parameters, {
    cwd: folder,
    encoding: 'utf8',
    timeout: 8000,
  });
  return stdout;
}
