import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** One server as `quakestat -json` prints it. */
export interface QuakestatServer {
  readonly address: string;
  readonly status: string;
  readonly name: string;
  readonly map: string;
  readonly numplayers: number;
  readonly maxplayers: number;
  readonly rules?: Readonly<Record<string, string>>;
  readonly players?: readonly { readonly name: string; readonly score: number }[];
}

const run = promisify(execFile);

/** Asks with Debian's qstat; undefined where it is not installed. */
export async function quakestat(
  ...parameters: readonly string[]
): Promise<readonly QuakestatServer[] | undefined> {
  try {
    const { stdout } = await run('quakestat', ['-nh', '-json', ...parameters], {
      // It waits eight seconds for more packets of a Quake 3 master, whatever came.
      timeout: 20_000,
    });
    return JSON.parse(stdout) as readonly QuakestatServer[];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
