import { placeName } from '../../place-name.js';
import type { Word } from './word.js';

export type Language = 'en' | 'uk';

let words: Readonly<Record<string, string>> = {};
// Nothing is shown before the first words have come.
let plural: Intl.PluralRules;
let numbers: Intl.NumberFormat;
let countries: Intl.DisplayNames;
export let language: Language = 'en';

/** Texts of a language; those of the first one are under way since the page began to load. */
export async function loadWords(wanted: Language): Promise<void> {
  const early = window.earlyWords;
  const isEarly = early?.language === wanted;
  if (isEarly) window.earlyWords = undefined;
  const again = () => fetch(window.wordFiles[wanted]);
  const response = await (isEarly ? early.response.catch(again) : again());
  words = await response.json();
  language = wanted;
  plural = new Intl.PluralRules(wanted);
  numbers = new Intl.NumberFormat(wanted);
  countries = new Intl.DisplayNames(wanted, { type: 'region' });
  document.documentElement.lang = wanted;
  delete document.documentElement.dataset.words;
  document.title = t('title');
}

/** The text of a key with its `{places}` filled. */
export const t = (key: Word, values?: Readonly<Record<string, string>>): string => {
  const text = words[key] ?? key;
  return values === undefined ? text : text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? '');
};

export const number = (n: number): string => numbers.format(n);

/** The name of a country. */
export const countryName = (code: string): string => placeName(countries, code);

/** "3 servers", in the plural form of the language. */
export const counted = (
  n: number,
  what: 'servers' | 'players' | 'bots' | 'absent' | 'map.unknown',
): string => t(`${what}.${plural.select(n)}` as Word, { n: number(n) });
