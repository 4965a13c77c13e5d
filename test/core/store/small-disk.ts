import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from 'mocha';

/** For `before`: skips the tests where no small disk can be mounted. */
export function needsMount(this: Context): void {
  const mount = 'mount -t tmpfs -o size=64k tmpfs /mnt';
  if (spawnSync('unshare', ['--mount', 'sh', '-c', mount]).status === 0) return;
  console.log('      skipped: needs the right to mount');
  this.skip();
}

/** Writes a file `filler` until nothing more fits. */
export function fillDisk(folder: string): void {
  const file = openSync(join(folder, 'filler'), 'w');
  try {
    for (let size = 65_536; size > 0; ) {
      try {
        writeSync(file, Buffer.alloc(size));
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}
