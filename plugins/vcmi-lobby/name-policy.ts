/**
 * Which user names may stand side by side. Two names are the same after NFKC and case folding, and a name
 * that only looks like one that is present (letters of another script) is refused. A name that was given up
 * is held for a while for the address that had it. Free of I/O; time is given by the caller.
 */
export class NamePolicy {
  /** As all lobbies of a server use it. */
  static ofLobbies(): NamePolicy {
    return new NamePolicy({ holdMs: 60_000, reserved: ['System', 'all', 'room'] });
  }

  readonly #present = new Map<string, Present>();
  readonly #bySkeleton = new Map<string, number>();
  #isOwned: (key: string) => boolean = () => false;
  /** Oldest first. */
  readonly #held = new Map<string, Held>();

  constructor(
    private readonly options: {
      /** How long a name is held, in milliseconds. */
      readonly holdMs: number;
      /** Names that nobody may have, nor look like. */
      readonly reserved: readonly string[];
      /** Held names kept at once; the oldest makes room. Default 1024. */
      readonly maxHeld?: number;
    },
  ) {
    this.#reserved = new Set(options.reserved.flatMap((name) => [foldName(name), skeleton(name)]));
  }
  readonly #reserved: ReadonlySet<string>;

  /** Names present now. */
  get size(): number {
    return this.#present.size;
  }

  isReserved(name: string): boolean {
    return this.#reserved.has(foldName(name)) || this.#reserved.has(skeleton(name));
  }

  /** Why the name cannot be taken from that address, or undefined when it can. `now` is monotonic, in milliseconds. */
  refusal(name: string, address: string, now: number): NameRefusal | undefined {
    if (this.isReserved(name)) return 'reserved';
    const key = foldName(name);
    if (this.#present.has(key)) return 'taken';
    const held = this.#held.get(key);
    if (held !== undefined && held.until > now && held.address !== address) return 'held';
    const shape = skeleton(name);
    if (this.#isOwned(key) || this.#isOwned(shape)) return 'owned';
    return this.#bySkeleton.has(shape) ? 'look-alike' : undefined;
  }

  /** Names of registered accounts belong to them also while they are away; they are asked for folded. */
  setOwned(isOwned: (foldedName: string) => boolean): void {
    this.#isOwned = isOwned;
  }

  /** The caller has asked `refusal` before. */
  take(name: string): void {
    const key = foldName(name);
    const shape = skeleton(name);
    this.#held.delete(key);
    this.#present.set(key, { shape });
    this.#bySkeleton.set(shape, (this.#bySkeleton.get(shape) ?? 0) + 1);
  }

  release(name: string, address: string, now: number): void {
    const key = foldName(name);
    const present = this.#present.get(key);
    if (present === undefined) return;
    this.#present.delete(key);
    const others = (this.#bySkeleton.get(present.shape) ?? 1) - 1;
    if (others > 0) this.#bySkeleton.set(present.shape, others);
    else this.#bySkeleton.delete(present.shape);
    this.#forget(now);
    this.#held.set(key, { address, until: now + this.options.holdMs });
  }

  /** Gives free what is held for an address, or a name that is; says how many. */
  forget(who: { readonly address: string } | { readonly name: string }): number {
    let count = 0;
    for (const [key, { address }] of this.#held) {
      const isIt = 'address' in who ? address === who.address : key === foldName(who.name);
      if (isIt && this.#held.delete(key)) count++;
    }
    return count;
  }

  /** All are held for the same time, so the oldest are the first to go. */
  #forget(now: number): void {
    const limit = this.options.maxHeld ?? 1024;
    for (const [key, { until }] of this.#held) {
      if (until > now && this.#held.size < limit) return;
      this.#held.delete(key);
    }
  }
}

export type NameRefusal = 'reserved' | 'taken' | 'held' | 'owned' | 'look-alike';
interface Present {
  readonly shape: string;
}
interface Held {
  readonly address: string;
  readonly until: number;
}

/** The form in which names are compared: NFKC, case folded. */
export const foldName = (name: string): string =>
  // Upper case first: it unites what has several lower-case forms (ß and ss, both sigmas).
  name.normalize('NFKC').toUpperCase().toLowerCase().normalize('NFKC');

/** What a name looks like: letters of other scripts that share a shape with a Latin one count as that one. */
function skeleton(name: string): string {
  let text = '';
  for (const character of name.normalize('NFKC')) text += latinShapes.get(character) ?? character;
  let folded = '';
  for (const character of foldName(text)) folded += latinShapes.get(character) ?? character;
  return folded;
}

/** Pairs of a Latin letter and the letters that share its shape in usual fonts (after Unicode TR 39). */
const SHAPES = `
a аαɑ  b Ьƅ  c сϲᴄ  d ԁɗ  e еҽ  f ƒ  g ɡց  h һհ  i іıɩι  j јϳ  k κкᴋ  l ӏⅼ  n ոռ  o оοօᴏ  p рρ  q ԛգ
r гᴦ  s ѕꜱ  t τтᴛ  u υսᴜ  v νѵᴠ  w ԝաᴡѡ  x хχ  y уγү  z ᴢ  m мᴍ
A АΑᎪ  B ВΒᏴ  C СϹᏟ  D ᎠԀ  E ЕΕᎬ  F ϜҒ  G ԌᏀ  H НΗᎻ  I ІΙӀᎥ  J ЈᎫͿ  K КΚᏦ  L ᏞԼ  M МΜᎷ  N Ν  O ОΟՕ  P РΡᏢ
Q Ԛ  R ᎡᏒ  S ЅՏᏚ  T ТΤᎢ  U Ս  V ѴᏙ  W ԜᎳ  X ХΧ  Y УΥҮ  Z ΖᏃ
`;
const latinShapes: ReadonlyMap<string, string> = new Map(
  SHAPES.trim()
    .split(/\s{2,}|\n/)
    .flatMap((pair) => {
      const [latin = '', others = ''] = pair.split(' ');
      return [...others].map((other) => [other, latin] as const);
    }),
);

/** Letters, digits and `_ . % + -` of any script, 3 to `limit` characters, none of them invisible (such as U+3164). */
export function isWellFormedName(name: string, limit = 24): boolean {
  const length = [...name].length;
  return (
    length >= 3 &&
    length <= limit &&
    /^[\p{L}\p{N}_.%+-]+$/u.test(name) &&
    !/\p{Default_Ignorable_Code_Point}/u.test(name)
  );
}
