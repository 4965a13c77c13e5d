import type { PageFile } from './page-files.js';
import { placeName } from './place-name.js';
import type { RowLanguage } from './row-html.js';

/** A language in which the server draws the first screen. */
export interface ScreenLanguage extends RowLanguage {
  /** Such as `en`. */
  readonly code: string;
  t(key: string, values?: Readonly<Record<string, string>>): string;
  /** "3 servers", in the plural form of the language. */
  counted(n: number, what: 'servers' | 'players' | 'bots'): string;
}

/** The languages of the page, from the files that its script loads. */
export function screenLanguages(
  files: ReadonlyMap<string, PageFile>,
): ReadonlyMap<string, ScreenLanguage> {
  const languages = new Map<string, ScreenLanguage>();
  for (const [path, file] of files) {
    const code = /^assets\/([a-z]{2})-[^/]*\.json$/.exec(path)?.[1];
    if (code === undefined) continue;
    const words = JSON.parse(file.body[''].toString()) as Readonly<Record<string, string>>;
    languages.set(code, screenLanguage(code, words));
  }
  return languages;
}

function screenLanguage(code: string, words: Readonly<Record<string, string>>): ScreenLanguage {
  const numbers = new Intl.NumberFormat(code);
  const plural = new Intl.PluralRules(code);
  const number = (n: number) => numbers.format(n);
  const t = (key: string, values: Readonly<Record<string, string>> = {}) =>
    (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '');
  const counted = (n: number, what: string) => t(`${what}.${plural.select(n)}`, { n: number(n) });
  const countries = new Intl.DisplayNames(code, { type: 'region', fallback: 'code' });
  const countryName = (country: string) => placeName(countries, country);
  return { code, number, t, counted, countryName };
}
