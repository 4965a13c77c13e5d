import { escapeHtml } from './escape-html.js';
import { LIST_ICONS } from './list-icons.js';
import type { RowView } from './row-view.js';

const REGIONS = [0, 1, 2, 3, 4, 5, 6, 7, 255] as const;
type RegionWord = `region.${(typeof REGIONS)[number]}`;

/** Texts that lines of the list need. */
export type RowWord =
  | RegionWord
  | 'favourite.add'
  | 'row.password'
  | 'row.secure'
  | 'row.flagged'
  | 'row.unmeasured'
  | 'row.bots'
  | 'row.fakeIp';

/** A language: the server speaks that of the request, the page that of its visitor. */
export interface RowLanguage {
  t(key: RowWord, values?: Readonly<Record<string, string>>): string;
  number(n: number): string;
  /** The name of a country. */
  countryName(code: string): string;
}

const icon = (name: keyof typeof LIST_ICONS, label: string): string => {
  const says = escapeHtml(label);
  const role = label === '' ? 'aria-hidden="true"' : `role="img" aria-label="${says}"`;
  const title = label === '' ? '' : `<title>${says}</title>`;
  return `<svg class="icon icon-${name}" viewBox="0 0 24 24" ${role}>${title}<path d="${LIST_ICONS[name]}"></path></svg>`;
};

/** Servers may write any byte as their region. */
export const regionWord = (region: number): RegionWord =>
  `region.${REGIONS.find((one) => one === region) ?? 255}`;

/** The country where it is known, else the region that the server names. */
export const placeText = ({ country, region }: RowView, language: RowLanguage): string =>
  country === '' ? language.t(regionWord(region)) : language.countryName(country);

/** Icons are always there; the class says which of them are shown. */
export const nameClass = ({ hasPassword, isSecure, isFlagged }: RowView): string =>
  `cell-name${hasPassword ? ' has-password' : ''}${isSecure ? ' is-secure' : ''}${isFlagged ? ' is-flagged' : ''}`;

export const playersClass = ({ isMeasured }: RowView): string =>
  `cell-players${isMeasured ? '' : ' is-claimed'}`;

const share = ({ players, maxPlayers }: RowView): number =>
  maxPlayers === 0 ? 0 : Math.min(1, players / maxPlayers);
export const meterClass = (view: RowView): string =>
  `meter${share(view) === 1 ? ' is-full' : share(view) > 0.8 ? ' is-crowded' : ''}`;

const STEPS = 48;
/** Outlines of the filled part, so that none is made while the list scrolls. */
const METERS = Array.from({ length: STEPS + 1 }, (_, step) => `M0 0h${step}v1H0z`);
/** As an attribute: the policy of the page allows no styles in its text. */
export const meterPath = (view: RowView): string => METERS[Math.ceil(share(view) * STEPS)] ?? '';

export const pingClass = (ping: number): string =>
  `ping ping-${ping < 0 ? 'none' : ping < 60 ? 'good' : ping < 130 ? 'fair' : 'poor'}`;
export const pingText = (ping: number, language: RowLanguage): string =>
  ping < 0 ? '–' : language.number(ping);

/** Four bars, as many of them lit as the connection is good. */
export const BARS = ['M0 9h3v3H0z', 'M4.3 6h3v6h-3z', 'M8.6 3h3v9h-3z', 'M13 0h3v12h-3z'] as const;
const bars = () =>
  `<svg class="bars" viewBox="0 0 16 12" aria-hidden="true">${BARS.map((d) => `<path d="${d}"></path>`).join('')}</svg>`;

/** One line of the list, as it stands in the page of the server; the page makes its own lines from a copy of one. */
export function rowHtml(view: RowView, index: number, language: RowLanguage): string {
  const { t, number } = language;
  const text = (words: string) => `<bdi class="text">${escapeHtml(words)}</bdi>`;
  const bots = view.bots === 0 ? '' : t('row.bots', { n: number(view.bots) });
  const noPing = view.isFakeIp ? escapeHtml(t('row.fakeIp')) : '';
  const title = view.isMeasured ? '' : escapeHtml(t('row.unmeasured'));
  return [
    `<div role="row" id="slot-${index}" class="row${index === 0 ? ' is-active' : ''}" aria-rowindex="${index + 2}" aria-selected="false">`,
    `<span role="gridcell" class="cell-star"><button type="button" tabindex="-1" class="star" aria-pressed="false" aria-label="${escapeHtml(t('favourite.add'))}">${icon('star', '')}</button></span>`,
    `<span role="gridcell" class="${nameClass(view)}">${text(view.name)}${icon('lock', t('row.password'))}${icon('shield', t('row.secure'))}${icon('warn', t('row.flagged'))}<bdi class="tagline">${escapeHtml(view.tags)}</bdi></span>`,
    `<span role="gridcell" class="cell-game">${text(view.game)}</span>`,
    `<span role="gridcell" class="cell-map">${text(view.map)}</span>`,
    `<span role="gridcell" class="${playersClass(view)}" title="${title}"><span class="count"><b class="${view.players === 0 ? 'zero' : ''}">${view.players}</b><span class="of">/${view.maxPlayers}</span><small title="${escapeHtml(bots)}"${view.bots > 0 ? '' : ' hidden'}>+${view.bots}<span class="hidden">${escapeHtml(bots)}</span></small></span>`,
    `<svg class="${meterClass(view)}" viewBox="0 0 ${STEPS} 1" preserveAspectRatio="none" aria-hidden="true"><path d="${meterPath(view)}"></path></svg></span>`,
    `<span role="gridcell" class="cell-ping" title="${noPing}"><span class="${pingClass(view.ping)}">${bars()}<span>${pingText(view.ping, language)}</span></span></span>`,
    `<span role="gridcell" class="cell-region"><span class="country"${view.country === '' ? ' hidden' : ''}>${escapeHtml(view.country)}</span><span class="text">${escapeHtml(placeText(view, language))}</span></span>`,
    '</div>',
  ].join('');
}
