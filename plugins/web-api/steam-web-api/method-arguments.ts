/** A request as the originals refuse it: 400 and their sentence. */
export class MissingParameter extends Error {
  constructor(readonly parameter: string) {
    super(`Required parameter '${parameter}' is missing`);
  }
}

/** Most elements of an array argument. */
const MAX_ITEMS = 100;

/** Arguments of one call: query, form, and `input_json`, whose values come first. Texts are read as asked for. */
export class MethodArguments {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  text(name: string): string {
    const value = this.optionalText(name);
    if (value === undefined) throw new MissingParameter(name);
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.values[name];
    if (typeof value === 'string') return value;
    return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
  }

  /** A whole number of at most 32 bits. */
  uint32(name: string, otherwise?: number): number {
    const text =
      this.optionalText(name) ?? (otherwise === undefined ? undefined : String(otherwise));
    if (text === undefined || !/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff) {
      throw new MissingParameter(name);
    }
    return Number(text);
  }

  steamId(name: string): bigint {
    const text = this.text(name);
    if (!/^\d{1,20}$/.test(text) || BigInt(text) >= 1n << 64n) throw new MissingParameter(name);
    return BigInt(text);
  }

  flag(name: string): boolean {
    const text = this.text(name).toLowerCase();
    if (text === '1' || text === 'true') return true;
    if (text === '0' || text === 'false') return false;
    throw new MissingParameter(name);
  }

  /** `name[0]=…&name[1]=…`, an array of `input_json`, or a list with commas. */
  texts(name: string): string[] {
    const value = this.values[name];
    if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(String);
    if (typeof value === 'string') return value.split(',').slice(0, MAX_ITEMS);
    const found: string[] = [];
    for (let index = 0; index < MAX_ITEMS; index++) {
      const item = this.optionalText(`${name}[${index}]`);
      if (item === undefined) break;
      found.push(item);
    }
    if (found.length === 0) throw new MissingParameter(name);
    return found;
  }
}

/** Errors MissingParameter when `input_json` cannot be read. */
export function readArguments(
  ...sources: readonly (Readonly<Record<string, unknown>> | undefined)[]
): MethodArguments {
  const values: Record<string, unknown> = Object.create(null);
  for (const source of sources) Object.assign(values, source);
  if (typeof values.input_json === 'string') Object.assign(values, readJson(values.input_json));
  return new MethodArguments(values);
}

/** 64-bit ids may be written as numbers there, whose digits JSON.parse would lose: they become texts. */
const quoteLongNumbers = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g, (token) =>
    token.startsWith('"') ? token : `"${token}"`,
  );

function readJson(text: string): object {
  try {
    const value: unknown = JSON.parse(quoteLongNumbers(text));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Refused below.
  }
  throw new MissingParameter('input_json');
}
