import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** How far back an earlier state is taken where no version was tagged. */
const commitsBack = 100;

/** An earlier state of this project, built from its history in a folder of its own. */
export class PreviousVersion {
  private constructor(
    private readonly folder: string,
    readonly commit: string,
  ) {}

  /** The command of it. */
  get main(): string {
    return join(this.folder, 'dist/core/cli/main.js');
  }

  /** Of `BEACONRY_PREVIOUS`, the last tag, or a hundred commits ago; why there is none, as text. */
  static build(): PreviousVersion | string {
    const commit =
      process.env.BEACONRY_PREVIOUS ?? (git('describe', '--tags', '--abbrev=0') || longAgo());
    if (!sharesRedis(commit)) {
      return `needs the git history of an earlier state whose nodes share a Redis; ${commit || 'none'} is there`;
    }
    const folder = mkdtempSync(join(tmpdir(), 'beaconry-previous-'));
    const version = new PreviousVersion(folder, git('rev-parse', '--short', commit));
    git('archive', `--output=${join(folder, 'archive.tar')}`, commit);
    spawnSync('tar', ['xf', 'archive.tar'], { cwd: folder });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    spawnSync(process.execPath, ['node_modules/typescript/bin/tsc'], { cwd: folder });
    if (existsSync(version.main)) return version;
    version.remove();
    return `needs a build of ${commit}, which does not compile with the packages of today`;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Branches lie side by side in the history: not every commit of that time has nodes on Redis. */
const longAgo = (): string =>
  git('rev-list', 'HEAD', `--skip=${commitsBack}`).split('\n').find(sharesRedis) ?? '';

const sharesRedis = (commit: string): boolean =>
  git('ls-tree', '--name-only', commit, 'core/store/redis-store.ts') !== '';

const git = (...args: readonly string[]): string => {
  const { stdout, status } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : '';
};
