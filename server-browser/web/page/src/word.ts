import type en from '../words/en.json';

/** A key of the texts; a misspelt one is an error of the compiler. */
export type Word = keyof typeof en;
