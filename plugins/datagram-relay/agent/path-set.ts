import type { Path } from './path.js';

/** The ways of one connection, and the one in use. */
export class PathSet {
  readonly all: Path[] = [];
  primary: Path | undefined;
  #newestNumber = 0;

  /** The first one is in use at once. */
  add(path: Path): void {
    this.all.push(path);
    this.primary ??= path;
  }

  remove(path: Path): void {
    const at = this.all.indexOf(path);
    if (at >= 0) this.all.splice(at, 1);
    if (this.primary === path) this.primary = this.all[0];
  }

  /** A packet of that number came by this way: the newest one is answered where it came from. */
  attract(path: Path, number: number): void {
    if (number <= this.#newestNumber) return;
    this.#newestNumber = number;
    this.primary = path;
  }
}
