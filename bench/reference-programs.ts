import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../../bench/reference/', import.meta.url));
const built = new Map<string, string>();

/** Builds a program of `bench/reference` with the system's compiler; its path, or undefined without a compiler. */
export function referenceProgram(
  name: 'udp-echo' | 'udp-load' | 'tcp-forwarder',
): string | undefined {
  const known = built.get(name);
  if (known !== undefined) return known;
  const program = `${sources}bin/${name}`;
  mkdirSync(`${sources}bin`, { recursive: true });
  try {
    execFileSync('cc', ['-O2', '-o', program, `${sources}${name}.c`]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  built.set(name, program);
  return program;
}
