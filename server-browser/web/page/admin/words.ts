import { signal } from '@preact/signals';
import type en from '../words/admin.en.json';
import enUrl from '../words/admin.en.json?url';
import ukUrl from '../words/admin.uk.json?url';

export type Word = keyof typeof en;
export type Language = 'en' | 'uk';
const files: Readonly<Record<Language, string>> = { en: enUrl, uk: ukUrl };

export const language = signal<Language>(
  navigator.languages.find((one) => /^(en|uk)\b/.test(one))?.slice(0, 2) === 'uk' ? 'uk' : 'en',
);
const words = signal<Readonly<Record<string, string>>>({});

export async function loadWords(wanted: Language): Promise<void> {
  words.value = await (await fetch(files[wanted])).json();
  language.value = wanted;
  document.documentElement.lang = wanted;
  document.title = t('title');
}

export const t = (key: Word): string => words.value[key] ?? key;
export const number = (n: number): string =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: 1 }).format(n);
