import { JsonString } from './json-string.js';

/** Nesting that readers commonly accept; deeper text is refused. */
const MAX_DEPTH = 64;

/** The rest of the grammar: values of any shape are checked and skipped, none is built. */
export class JsonText extends JsonString {
  /** Skips one value of any shape; `depth` is how many objects and arrays it lies in. */
  skipValue(depth: number): void {
    const byte = this.peek();
    switch (byte) {
      case 0x22:
        this.string();
        return;
      case 0x7b:
        this.#members(depth + 1);
        return;
      case 0x5b:
        this.#items(depth + 1);
        return;
      case 0x74:
        this.word('true');
        return;
      case 0x66:
        this.word('false');
        return;
      case 0x6e:
        this.word('null');
        return;
      default:
        this.#number();
    }
  }

  word(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.at >= this.end || this.bytes[this.at] !== word.charCodeAt(i)) this.fail('no value');
      this.at++;
    }
  }

  #members(depth: number): void {
    this.#enter(depth);
    if (this.peek() === 0x7d) {
      this.at++;
      return;
    }
    for (;;) {
      this.skipSpace();
      this.string();
      this.expect(0x3a);
      this.skipValue(depth);
      if (this.peek() !== 0x2c) break;
      this.at++;
    }
    this.expect(0x7d);
  }

  #items(depth: number): void {
    this.#enter(depth);
    if (this.peek() === 0x5d) {
      this.at++;
      return;
    }
    for (;;) {
      this.skipValue(depth);
      if (this.peek() !== 0x2c) break;
      this.at++;
    }
    this.expect(0x5d);
  }

  #enter(depth: number): void {
    if (depth > MAX_DEPTH) this.fail(`nested deeper than ${MAX_DEPTH}`);
    this.at++;
  }

  #number(): void {
    if (this.bytes[this.at] === 0x2d) this.at++;
    if (this.bytes[this.at] === 0x30 && this.at < this.end) this.at++;
    else this.#digits();
    if (this.at < this.end && this.bytes[this.at] === 0x2e) {
      this.at++;
      this.#digits();
    }
    if (this.at < this.end && ((this.bytes[this.at] as number) | 0x20) === 0x65) {
      this.at++;
      const sign = this.bytes[this.at];
      if (this.at < this.end && (sign === 0x2b || sign === 0x2d)) this.at++;
      this.#digits();
    }
  }

  #digits(): void {
    const start = this.at;
    while (this.at < this.end) {
      const byte = this.bytes[this.at] as number;
      if (byte < 0x30 || byte > 0x39) break;
      this.at++;
    }
    if (this.at === start) this.fail('no value');
  }
}
