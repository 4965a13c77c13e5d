import en from '../words/en.json?url';
import uk from '../words/uk.json?url';
import type { Word } from './word.js';

export const LANGUAGES = { en: 'English', uk: 'Українська' } as const;
export type Language = keyof typeof LANGUAGES;
const files: Readonly<Record<Language, string>> = { en, uk };

let words: Readonly<Record<string, string>> = {};
let plural = new Intl.PluralRules('en');
let numbers = new Intl.NumberFormat('en');
export let language: Language = 'en';

/** What the visitor chose, else the first of his languages that is known. */
export function preferredLanguage(chosen: string | null): Language {
  for (const one of [chosen, ...navigator.languages]) {
    const known = one?.slice(0, 2).toLowerCase();
    if (known === 'en' || known === 'uk') return known;
  }
  return 'en';
}

export async function loadWords(wanted: Language): Promise<void> {
  const response = await fetch(files[wanted]);
  words = await response.json();
  language = wanted;
  plural = new Intl.PluralRules(wanted);
  numbers = new Intl.NumberFormat(wanted);
  document.documentElement.lang = wanted;
  document.title = t('title');
}

/** The text of a key with its `{places}` filled. */
export const t = (key: Word, values?: Readonly<Record<string, string>>): string => {
  const text = words[key] ?? key;
  return values === undefined ? text : text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
};

export const number = (n: number): string => numbers.format(n);

/** "3 servers", in the plural form of the language. */
export const counted = (
  n: number,
  what: 'servers' | 'players' | 'bots' | 'absent' | 'map.unknown',
): string => t(`${what}.${plural.select(n)}` as Word, { n: number(n) });
