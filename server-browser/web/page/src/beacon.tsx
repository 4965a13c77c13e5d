import { t } from './words.js';

/** The beacon of the name. */
export const Beacon = () => (
  <svg class="beacon" viewBox="0 0 32 32" aria-hidden="true">
    <circle cx="16" cy="11" r="4" />
    <path d="M13.6 15.5h4.8L20.5 27h-9z" />
    <path class="rays" d="M8.2 4.5a10 10 0 0 0 0 13M23.8 4.5a10 10 0 0 1 0 13" />
  </svg>
);

/** The name of the page. */
export const Brand = () => (
  <h1 class="brand">
    <Beacon />
    <span>{t('title')}</span>
  </h1>
);
