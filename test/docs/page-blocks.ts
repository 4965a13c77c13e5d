import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));

/** A code block of a Markdown page. */
export interface Block {
  readonly line: number;
  readonly language: string;
  /** What stands behind the language: `run`, `start`, `save=FILE`, `not-run REASON`, the file it is from, or nothing. */
  readonly about: string;
  readonly code: string;
}

/** The code blocks of a page, by its path from the root. */
export function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```([\w-]*) ?(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split('\n').length,
    language: match[1] ?? '',
    about: match[2] ?? '',
    code: match[3] ?? '',
  }));
}

/** Every page that people read, except those that templates and packages bring with tests of their own. */
export function allPages(): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : below(path);
      return entry.name.endsWith('.md') ? [path] : [];
    });
  return [
    'README.md',
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    ...below('docs'),
    ...below('examples'),
    'server-browser/a2s-query/README.md',
  ];
}

/** Blocks of these pages are run by a test of their own. */
export const ownTest = new Set([
  'docs/writing-a-protocol.md',
  'examples/quake3-master/README.md',
  'server-browser/a2s-query/README.md',
]);
