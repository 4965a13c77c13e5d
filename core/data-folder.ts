import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, ServerError } from './errors.js';

const NAME = 'beaconry.lock';

/**
 * Makes the folder of everything the server writes and takes it for this process: two servers that shared
 * one would overwrite each other's state. The returned function gives it back; a lock of a process that is
 * gone is taken over. Errors `DATA_FOLDER`, `DATA_IN_USE`.
 */
export function takeDataFolder(folder: string): () => void {
  const file = join(folder, NAME);
  const own = `${process.pid} ${startOf(process.pid) ?? ''}`.trim();
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const holder = holderOf(file);
    if (holder !== undefined) {
      throw new ServerError(
        'DATA_IN_USE',
        `the data folder ${folder} is in use by the running process ${holder}: stop that server, or give this one a folder of its own with the key "data"`,
      );
    }
    writeFileSync(file, `${own}\n`, { mode: 0o600 });
  } catch (cause) {
    if (cause instanceof ServerError) throw cause;
    throw new ServerError(
      'DATA_FOLDER',
      `data: cannot write to the folder ${folder} (${messageOf(cause)}): name a folder that this user may write to`,
      { cause },
    );
  }
  return () => {
    if (readLock(file) === own) rmSync(file, { force: true });
  };
}

/** The living process that holds the lock, if it is another one. */
function holderOf(file: string): number | undefined {
  const [pid = 0, start] = (readLock(file) ?? '').split(' ').map(Number);
  if (pid <= 0 || pid === process.pid) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it: then it lives.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return undefined;
  }
  // The number may belong to somebody else by now, after a restart of the machine or of a container.
  const now = startOf(pid);
  return start === undefined || now === undefined || start === now ? pid : undefined;
}

function readLock(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}

/** When the process started, in clock ticks since boot; known on Linux only. */
function startOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name in parentheses, which may hold blanks.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
  } catch {
    return undefined;
  }
}
