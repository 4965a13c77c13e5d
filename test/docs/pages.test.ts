import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { allPages, blocksOf, ownTest, root } from './page-blocks.js';

describe('the pages of the documentation', () => {
  const pages = allPages();

  it('say of every command whether a test runs it, or why none does', () => {
    const unmarked: string[] = [];
    for (const page of pages.filter((one) => !ownTest.has(one))) {
      for (const { line, language, about, code } of blocksOf(page)) {
        const marked =
          /^(run|start|restart)$/.test(about) ||
          /^save=\S+$/.test(about) ||
          /^not-run .{8,}/.test(about);
        const shows = language === 'json' || language === 'yaml' || language === 'text';
        const isCommand = /^\s*(\$ |npx |npm |beaconry |sudo |curl )/m.test(code);
        if (!marked && (isCommand || !shows)) unmarked.push(`${page}:${line} ${language} ${about}`);
      }
    }
    expect(unmarked).deep.equal([]);
  });

  it('show YAML and JSON that can be read', () => {
    for (const page of pages) {
      for (const { line, language, code } of blocksOf(page)) {
        const where = `${page}:${line}`;
        if (language === 'yaml') expect(() => parse(code), where).not.throw();
        if (language === 'json' && !ownTest.has(page)) {
          expect(() => JSON.parse(code), where).not.throw();
        }
      }
    }
  });

  it('link to files and headings that exist', () => {
    const anchorOf = (heading: string) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-');
    const broken: string[] = [];
    for (const page of pages) {
      const text = readFileSync(join(root, page), 'utf8').replace(/^```[\s\S]*?^```$/gm, '');
      for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
        if (/^[a-z]+:/.test(target)) continue;
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? page : join(dirname(page), path);
        if (!existsSync(join(root, file))) broken.push(`${page}: ${target}`);
        else if (anchor !== undefined) {
          const headings = [...readFileSync(join(root, file), 'utf8').matchAll(/^#+ (.*)$/gm)];
          if (!headings.some(([, heading]) => anchorOf(heading ?? '') === anchor)) {
            broken.push(`${page}: ${target}`);
          }
        }
      }
    }
    expect(broken).deep.equal([]);
  });

  it('show pictures that load quickly and stay out of the package', () => {
    const pictures = pages.flatMap((page) =>
      [...readFileSync(join(root, page), 'utf8').matchAll(/!\[[^\]]+\]\(([^)\s]+)\)/g)].map(
        ([, target = '']) => join(dirname(page), target),
      ),
    );
    expect(pictures).to.include('docs/server-browser.webp');
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      files: string[];
    };
    for (const picture of pictures) {
      expect(statSync(join(root, picture)).size, picture).lessThan(150_000);
      expect(
        files.filter((one) => picture.startsWith(one)),
        picture,
      ).deep.equal([]);
    }
  });

  it('name only commands that exist', () => {
    const known = execFileSync(process.execPath, ['dist/core/cli/main.js', '--help'], { cwd: root })
      .toString()
      .matchAll(/^ {2}([a-z][a-z0-9-]*)/gm);
    const commands = new Set([...known].map(([, name]) => name));
    expect(commands.size).greaterThan(15);
    // Commands that the plugins of examples and guides bring.
    for (const name of ['lap', 'hello', 'new-plugin-name']) commands.add(name);
    for (const page of pages) {
      const text = readFileSync(join(root, page), 'utf8');
      if (page === 'docs/performance.md') continue; // speaks of the program, not of commands
      for (const [, name = ''] of text.matchAll(/(?:^|`|npx )beaconry ([a-z][a-z-]*)/gm)) {
        if (name === 'ready') continue;
        expect(commands.has(name), `${page}: beaconry ${name}`).equal(true);
      }
    }
  });

  it('the page about servers that are not listed is the table that doctor and explain walk', () => {
    const page = execFileSync(process.execPath, ['scripts/write-listing-page.mjs'], { cwd: root });
    expect(readFileSync(join(root, 'docs/my-server-is-not-in-the-list.md'), 'utf8')).equal(
      page.toString(),
    );
  });

  it('the plugin guide names only error codes that the host has', () => {
    const sources = execFileSync('grep', ['-rhoE', "'[A-Z][A-Z_]{5,}'", 'core'], { cwd: root });
    const codes = new Set(sources.toString().match(/[A-Z_]{6,}/g));
    const guide = readFileSync(join(root, 'docs/plugin-guide.md'), 'utf8');
    const table = guide.slice(guide.indexOf('## What the host refuses'));
    for (const [, code = ''] of table.matchAll(/`([A-Z][A-Z_]{5,})`/g)) {
      expect(codes.has(code), code).equal(true);
    }
  });
});
