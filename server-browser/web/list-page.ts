import { tagOf } from 'beaconry';
import { CompressedText } from './compressed-text.js';
import { firstScreen, type ScreenLanguage } from './first-screen.js';
import type { ListFeed, Snapshot } from './list-feed.js';
import { HTML, type PageFile, pageFile } from './page-files.js';
import { rowHtml } from './row-html.js';
import { NO_ROW } from './row-view.js';

/** Between them stands what the page shows until its script has come. */
const BEGIN = '<!--first-screen-->';
const END = '<!--/first-screen-->';
const LANG = '<html lang="en">';
const PATTERN = '<template id="row">';

interface Made {
  readonly of: Snapshot;
  readonly text: CompressedText;
  readonly tag: string;
}

/** The page of the list with the top of the list in it, made once for all readers of a language. */
export class ListPage {
  readonly #languages: ReadonlyMap<string, ScreenLanguage>;
  readonly #made = new Map<string, Made>();
  readonly #before: string;
  readonly #after: string;
  /** Without lines, for whoever chose which ones he wants. */
  readonly bare: PageFile;

  /** `html`: the built page; `files`: what was built beside it, of which the texts are used. */
  constructor(
    html: string,
    files: ReadonlyMap<string, PageFile>,
    private readonly feed: Pick<ListFeed, 'snapshot'>,
  ) {
    const [begin, end] = [html.indexOf(BEGIN), html.indexOf(END)];
    if (begin < 0 || end < begin)
      throw new Error('the built page has no place for the first screen');
    this.#languages = languagesOf(files);
    const pattern = rowHtml(NO_ROW, 1, { t: () => '-', number: String });
    const after = html.slice(end).replace(PATTERN, () => PATTERN + pattern);
    this.#before = html.slice(0, begin);
    this.#after = after.slice(END.length);
    this.bare = pageFile(HTML, html.slice(0, end) + after);
  }

  /** In the language that the header `Accept-Language` wants most. */
  make(accepted: string | undefined): Omit<Made, 'of'> | undefined {
    const code = (accepted ?? '')
      .split(',')
      .map((one) => one.trim().slice(0, 2).toLowerCase())
      .find((one) => this.#languages.has(one));
    const language = this.#languages.get(code ?? 'en');
    const snapshot = this.feed.snapshot();
    if (language === undefined || snapshot.top.rows.length === 0) return undefined;
    const known = this.#made.get(language.code);
    if (known?.of === snapshot) return known;
    const html = [
      this.#before.replace(LANG, `<html lang="${language.code}">`),
      firstScreen(snapshot.top, language),
      this.#after,
    ].join('');
    const made = { of: snapshot, text: new CompressedText(html), tag: tagOf(html) };
    this.#made.set(language.code, made);
    return made;
  }
}

/** The texts of the page, from the files that its script loads. */
function languagesOf(files: ReadonlyMap<string, PageFile>): ReadonlyMap<string, ScreenLanguage> {
  const languages = new Map<string, ScreenLanguage>();
  for (const [path, file] of files) {
    const code = /^assets\/([a-z]{2})-[^/]*\.json$/.exec(path)?.[1];
    if (code === undefined) continue;
    const words = JSON.parse(file.body[''].toString()) as Readonly<Record<string, string>>;
    const numbers = new Intl.NumberFormat(code);
    languages.set(code, {
      code,
      number: (n) => numbers.format(n),
      t: (key, values = {}) =>
        (words[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''),
    });
  }
  return languages;
}
