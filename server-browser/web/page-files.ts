import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { tagOf } from 'beaconry';

export type Encoding = 'br' | 'gzip' | '';

/** One file of the built page, in memory in every encoding. */
export interface PageFile {
  readonly type: string;
  readonly tag: string;
  /** Its name carries a digest of its content. */
  readonly immutable: boolean;
  readonly body: Readonly<Record<Encoding, Buffer>>;
}

export const HTML = 'text/html; charset=utf-8';

const TYPES: Readonly<Record<string, string>> = {
  html: HTML,
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  json: 'application/json; charset=utf-8',
  webmanifest: 'application/manifest+json',
};

/** The best encoding that the header of a request allows, of those that are at hand. */
export function encodingOf(
  header: string | string[] | undefined,
  available: readonly Exclude<Encoding, ''>[] = ['br', 'gzip'],
): Encoding {
  const accepted = new Set(
    String(header ?? '')
      .toLowerCase()
      .split(',')
      .map((one) => one.trim().split(/\s*;\s*/))
      .filter(([, quality]) => !/^q=0(\.0*)?$/.test(quality ?? ''))
      .map(([name]) => name),
  );
  return available.find((name) => accepted.has(name)) ?? '';
}

/**
 * The built page, by path without a leading slash; empty when it was not built. The build writes `.br` and
 * `.gz` beside each file, so that nothing is compressed at start.
 */
export function readPageFiles(folder: URL): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  const root = fileURLToPath(folder).replace(/[\\/]$/, '');
  if (!existsSync(root)) return files;
  const names = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  const all = new Set(names);
  for (const name of names) {
    const type = TYPES[name.split('.').at(-1) ?? ''];
    if (type === undefined) continue;
    const plain = readFileSync(name);
    const sibling = (ending: string) =>
      all.has(name + ending) ? readFileSync(name + ending) : plain;
    const path = name.slice(root.length + 1).replaceAll('\\', '/');
    files.set(path, {
      type,
      tag: tagOf(plain),
      immutable: path.startsWith('assets/'),
      body: { '': plain, gzip: sibling('.gz'), br: sibling('.br') },
    });
  }
  return files;
}

/** A file with another text, compressed here. */
export function pageFile(type: string, text: string): PageFile {
  const plain = Buffer.from(text);
  return {
    type,
    tag: tagOf(plain),
    immutable: false,
    body: { '': plain, gzip: gzipSync(plain), br: brotliCompressSync(plain) },
  };
}

/** `'sha256-…'` of every script that stands in the page itself, for its Content-Security-Policy. */
export const inlineScriptHashes = (html: string): string[] =>
  [...html.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
