import { readFileSync } from 'node:fs';

interface Vector {
  readonly hex: string;
}
interface VectorFile {
  readonly a2s: Readonly<Record<string, Vector>>;
  readonly master: Readonly<Record<string, Vector>>;
}

const file = JSON.parse(
  readFileSync(new URL('../../../../fixtures/packets/a2s-vectors.json', import.meta.url), 'utf8'),
) as VectorFile;

/** Bytes of one vector of `fixtures/packets/a2s-vectors.json`. */
export function vector(name: string, part: keyof VectorFile = 'a2s'): Uint8Array {
  const found = file[part][name];
  if (found === undefined) throw new Error(`no vector ${part}.${name}`);
  return Uint8Array.from(Buffer.from(found.hex, 'hex'));
}

export const vectorNames = (part: keyof VectorFile): string[] => Object.keys(file[part]);
