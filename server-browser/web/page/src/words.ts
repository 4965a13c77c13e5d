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

/** Texts of a language; those of the first one are under way since the page began to load. */
export async function loadWords(wanted: Language): Promise<void> {
  const early = window.earlyWords;
  const isEarly = early?.language === wanted;
  if (isEarly) window.earlyWords = undefined;
  const again = () => fetch(files[wanted]);
  const response = await (isEarly ? early.response.catch(again) : again());
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
