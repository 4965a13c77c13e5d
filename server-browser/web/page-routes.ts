import type { HttpScope } from 'beaconry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Directory } from './directory.js';
import { escapeHtml } from './escape-html.js';
import type { ListFeed } from './list-feed.js';
import { ListPage } from './list-page.js';
import type { PageSettings } from './listed-server.js';
import {
  type Encoding,
  HTML,
  inlineScriptHashes,
  type PageFile,
  pageFile,
  readPageFiles,
} from './page-files.js';
import { plainPage } from './plain-page.js';
import { sendEncoded } from './send-encoded.js';

const PLAIN_ROWS = 500;
const SETTINGS = '<meta name="beaconry-settings" content="">';

const policy = (scripts: readonly string[], ancestors: string): string =>
  [
    "default-src 'none'",
    `script-src ${["'self'", ...scripts].join(' ')}`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    `frame-ancestors ${ancestors}`,
  ].join('; ');

/** The built page of the list, or of the operator, with what its operator configured. */
function openPage(files: ReadonlyMap<string, PageFile>, name: string, settings?: PageSettings) {
  const html = files.get(name)?.body[''].toString();
  if (html === undefined) return undefined;
  const text =
    settings === undefined
      ? html
      : html.replace(SETTINGS, () =>
          SETTINGS.replace('content=""', () => `content="${escapeHtml(JSON.stringify(settings))}"`),
        );
  return { html: text, scripts: inlineScriptHashes(text) };
}

const sendFile = (request: FastifyRequest, reply: FastifyReply, file: PageFile) => {
  if (file.immutable) reply.header('cache-control', 'public, max-age=31536000, immutable');
  const { type, tag, body } = file;
  return sendEncoded(request, reply, { type, tag, body: (encoding) => body[encoding] });
};

/** Every built file under its own path: no path of a request ever reaches a file system. */
function assetRoutes(scope: HttpScope, files: ReadonlyMap<string, PageFile>): void {
  for (const [path, file] of files) {
    if (path.endsWith('.html')) continue;
    scope.get(`/${path}`, { schema: { hide: true } }, (request, reply) =>
      sendFile(request, reply, file),
    );
  }
}

export interface PageParts {
  readonly directory: Pick<Directory, 'page'>;
  readonly feed: Pick<ListFeed, 'snapshot'>;
  readonly folder: URL;
  readonly settings: PageSettings;
  /** Origins whose pages may show the list in a frame, with `?embed=1`. */
  readonly embedOrigins: readonly string[];
}

/** The page at `/`, its files, and the list without script at `/plain`. */
export const pageRoutes =
  ({ directory, feed, folder, settings, embedOrigins }: PageParts) =>
  (scope: HttpScope): void => {
    const files = readPageFiles(folder);
    const page = openPage(files, 'index.html', settings);
    const plain = (_request: FastifyRequest, reply: FastifyReply) => {
      const { items, next } = directory.page('', PLAIN_ROWS, undefined);
      return reply
        .type(HTML)
        .header(
          'content-security-policy',
          "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        )
        .send(plainPage(items, next !== null));
    };
    scope.get('/plain', { schema: { hide: true } }, plain);
    if (page === undefined) {
      scope.get('/', { schema: { hide: true } }, plain);
      return;
    }
    const list = new ListPage(page.html, files, feed);
    const alone = policy(page.scripts, "'none'");
    const embedded = policy(page.scripts, embedOrigins.join(' ') || "'none'");
    // Whatever stands behind the question mark is the state of the page, read by the page alone.
    const query = Type.Object(
      { embed: Type.Optional(Type.String()) },
      { additionalProperties: true },
    );
    scope.get('/', { schema: { hide: true, querystring: query } }, (request, reply) => {
      const isEmbedded = request.query.embed === '1' && embedOrigins.length > 0;
      reply.header('content-security-policy', isEmbedded ? embedded : alone);
      const isChosen = Object.keys(request.query).some((key) => key !== 'embed');
      const { tag, text } = list.make(request.headers['accept-language'], isChosen);
      const body = (encoding: Encoding) => text.body(encoding);
      return sendEncoded(request, reply, { type: HTML, vary: 'Accept-Language', tag, body });
    });
    assetRoutes(scope, files);
  };

/** The operator's view at `/admin/`. */
export const adminPageRoutes =
  (folder: URL) =>
  (scope: HttpScope): void => {
    const files = readPageFiles(folder);
    const page = openPage(files, 'admin/index.html');
    if (page === undefined) return;
    const file = pageFile(HTML, page.html);
    scope.get('/admin', { schema: { hide: true } }, (_request, reply) => reply.redirect('/admin/'));
    scope.get('/admin/', { schema: { hide: true } }, (request, reply) => {
      reply.header('content-security-policy', policy(page.scripts, "'none'"));
      return sendFile(request, reply, file);
    });
    assetRoutes(scope, files);
  };
