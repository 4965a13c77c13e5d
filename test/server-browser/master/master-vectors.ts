import { readFileSync } from 'node:fs';
import { parseHex } from 'beaconry/testing';

interface Vector {
  readonly hex: string;
}
const file = new URL('../../../../fixtures/packets/master-vectors.json', import.meta.url);
const { master } = JSON.parse(readFileSync(file, 'utf8')) as { master: Record<string, Vector> };

/** A captured or specified packet by its name in the file. */
export const vector = (name: string): Uint8Array => {
  const found = master[name];
  if (found === undefined) throw new Error(`no vector ${name}`);
  return parseHex(found.hex);
};
export const vectorNames = Object.keys(master);
