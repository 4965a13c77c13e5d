import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ConfigError, messageOf, readDefinition } from 'beaconry';
import {
  type CarFile,
  carsSchema,
  type EntryFile,
  entriesSchema,
  type PenaltiesFile,
  penaltiesSchema,
  type RallyFile,
  type RoadbookFile,
  rallySchema,
  roadbookSchema,
} from './definition-schema.js';

/** Most crews of one rally: every table is bounded by it. */
const MAX_ENTRIES = 1000;

/** First 8 bytes of the SHA-256 of the file as it lies on disk: what drivers must state. */
export type FileHash = string;

export interface Roadbook extends RoadbookFile {
  readonly hash: FileHash;
}
export interface Entry extends EntryFile {
  readonly class: string;
  /** Metres per second. */
  readonly maximumSpeed: number;
}

/** A whole rally: immutable, checked. */
export interface RallyDefinition {
  readonly rally: RallyFile;
  readonly roadbooks: ReadonlyMap<string, Roadbook>;
  readonly cars: readonly CarFile[];
  readonly carsHash: FileHash;
  readonly entries: readonly Entry[];
  readonly penalties: PenaltiesFile;
}

const hashOf = (text: string): FileHash =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);

/** Reads the folder, or the folder of the given `rally.json`. Throws ConfigError with all places. */
export function readRally(path: string): RallyDefinition {
  let folder = path;
  const texts = new Map<string, string>();
  const nameOf = (name: string) => relative(process.cwd(), join(folder, name)) || name;
  const text = (name: string): string => {
    try {
      const found = texts.get(name) ?? readFileSync(join(folder, name), 'utf8');
      texts.set(name, found);
      return found;
    } catch (cause) {
      const message = `the rally needs this file, which cannot be read: ${messageOf(cause)}`;
      throw new ConfigError([{ place: nameOf(name), path: '', message }]);
    }
  };
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) folder = dirname(path);
  const rally = readDefinition(nameOf('rally.json'), text('rally.json'), rallySchema);
  const { cars } = readDefinition(nameOf('cars.json'), text('cars.json'), carsSchema);
  const { entries } = readDefinition(
    nameOf('entry-list.json'),
    text('entry-list.json'),
    entriesSchema,
  );
  const penalties = readDefinition(
    nameOf('penalties.json'),
    text('penalties.json'),
    penaltiesSchema,
  );
  const wrong = (file: string, word: string, message: string): never => {
    throw new ConfigError([{ place: placeOf(nameOf(file), text(file), word), path: '', message }]);
  };
  if (entries.length > MAX_ENTRIES) {
    wrong('entry-list.json', 'entries', `has ${entries.length} entries; at most ${MAX_ENTRIES}`);
  }
  const roadbooks = new Map<string, Roadbook>();
  for (const section of rally.legs.flatMap((leg) => leg.sections)) {
    if (section.kind !== 'stage') continue;
    const { roadbook } = section;
    if (!/^[a-z0-9][a-z0-9-]*$/.test(roadbook)) {
      wrong('rally.json', section.name, `stage "${section.name}" needs a roadbook: a-z 0-9 -`);
    }
    const file = `roadbooks/${roadbook}.json`;
    const read = readDefinition(nameOf(file), text(file), roadbookSchema);
    const kinds = read.controls.map((control) => control.kind).join(' ');
    if (!/^start( passage)* finish stop$/.test(kinds)) {
      wrong(file, 'controls', `controls must be start, passages, finish, stop; they are ${kinds}`);
    }
    if (
      read.controls.some(
        (one, i) => i > 0 && one.kilometre <= (read.controls[i - 1]?.kilometre ?? 0),
      )
    ) {
      wrong(file, 'controls', 'kilometres of the controls must rise');
    }
    if (read.path.length < 2) wrong(file, 'path', 'a road has at least two points');
    roadbooks.set(roadbook, { ...read, hash: hashOf(text(file)) });
  }
  const byId = new Map(cars.map((car) => [car.id, car]));
  const numbers = new Set<number>();
  const complete = entries.map((entry): Entry => {
    const car = byId.get(entry.car);
    if (car === undefined) {
      return wrong(
        'entry-list.json',
        `"${entry.car}"`,
        `no car "${entry.car}" in cars.json; it has ${[...byId.keys()].join(', ')}`,
      );
    }
    if (entry.number > 65535 || numbers.has(entry.number)) {
      wrong(
        'entry-list.json',
        `${entry.number}`,
        `start number ${entry.number} is given twice or too high`,
      );
    }
    numbers.add(entry.number);
    return { ...entry, class: car.class, maximumSpeed: car.maximumSpeed / 3.6 };
  });
  return {
    rally,
    roadbooks,
    cars,
    carsHash: hashOf(text('cars.json')),
    entries: complete,
    penalties,
  };
}

/** Where the last occurrence of a word stands: a relation between files has no node of its own. */
function placeOf(name: string, text: string, word: string): string {
  const before = text.slice(0, Math.max(0, text.lastIndexOf(word))).split('\n');
  return `${name}:${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}
