import { tagOf } from 'beaconry';
import { CompressedText } from './compressed-text.js';
import { bareScreen, firstScreen } from './first-screen.js';
import type { ListFeed } from './list-feed.js';
import type { PageFile } from './page-files.js';
import { rowHtml } from './row-html.js';
import { NO_ROW } from './row-view.js';
import { type ScreenLanguage, screenLanguages } from './screen-language.js';

/** Between them stands what the page shows until its script has come. */
const BEGIN = '<!--first-screen-->';
const END = '<!--/first-screen-->';
const LANG = '<html lang="en">';
/** The line that the script makes its own from. */
const PATTERN = '<template id="row">';
const FALLBACK = 'en';

interface Made {
  /** The event that its list stands at. */
  readonly event: string;
  readonly text: CompressedText;
  readonly tag: string;
}

/** The page of the list with its first screen in it, made once for all readers of a language. */
export class ListPage {
  readonly #languages: ReadonlyMap<string, ScreenLanguage>;
  readonly #made = new Map<string, Made>();
  readonly #before: string;
  readonly #after: string;

  /** `html`: the built page; `files`: what was built beside it, of which the texts are used. */
  constructor(
    html: string,
    files: ReadonlyMap<string, PageFile>,
    private readonly feed: Pick<ListFeed, 'snapshot'>,
  ) {
    const [begin, end] = [html.indexOf(BEGIN), html.indexOf(END)];
    this.#languages = screenLanguages(files);
    if (begin < 0 || end < begin || !this.#languages.has(FALLBACK)) {
      throw new Error('the built page has no place for the first screen, or no texts: build it');
    }
    const pattern = rowHtml(NO_ROW, 1, { t: () => '-', number: String, countryName: String });
    this.#before = html.slice(0, begin);
    this.#after = html.slice(end + END.length).replace(PATTERN, () => PATTERN + pattern);
  }

  /**
   * In the language that the header `Accept-Language` wants most; `isChosen`: of somebody who chose which lines
   * he wants, of which only the script knows.
   */
  make(accepted: string | undefined, isChosen: boolean): Omit<Made, 'event'> {
    const language = this.#language(accepted);
    const snapshot = this.feed.snapshot();
    const hasLines = !isChosen && snapshot.top.rows.length > 0;
    const key = `${language.code} ${hasLines}`;
    const known = this.#made.get(key);
    if (known?.event === snapshot.event) return known;
    const screen = hasLines ? firstScreen : bareScreen;
    const html = [
      this.#before.replace(LANG, `<html lang="${language.code}">`),
      screen(snapshot.top, language),
      this.#after,
    ].join('');
    const made = { event: snapshot.event, text: new CompressedText(html), tag: tagOf(html) };
    this.#made.set(key, made);
    return made;
  }

  #language(accepted = ''): ScreenLanguage {
    const code = accepted
      .split(',')
      .map((one) => one.trim().slice(0, 2).toLowerCase())
      .find((one) => this.#languages.has(one));
    return this.#languages.get(code ?? FALLBACK) as ScreenLanguage;
  }
}
