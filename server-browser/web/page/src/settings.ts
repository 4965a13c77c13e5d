import type { PageSettings } from '../../listed-server.js';

const content = document
  .querySelector<HTMLMetaElement>('meta[name="beaconry-settings"]')
  ?.content.trim();

/** What the operator configured; it comes with the page. */
export const settings: PageSettings =
  content === undefined || content === ''
    ? { attribution: null, joinLinks: [] }
    : (JSON.parse(content) as PageSettings);
