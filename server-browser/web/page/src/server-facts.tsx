import type { ServerDetail } from '../../listed-server.js';
import { regionWord } from '../../row-html.js';
import { Icon } from './icon.js';
import { Ping } from './ping.js';
import { ago } from './times.js';
import type { Word } from './word.js';
import { countryName, number, t } from './words.js';

/** Flags of other plugins have no text here and are shown as they are. */
const flagText = (flag: string): string => {
  const key = `flag.${flag}`;
  const text = t(key as Word);
  return text === key ? flag : text;
};

const SYSTEMS: Readonly<Record<string, string>> = {
  l: 'Linux',
  w: 'Windows',
  m: 'macOS',
  o: 'macOS',
};

/** The numbers of a server and who measured them, then what else is known of it. */
export const Facts = ({ found }: { found: ServerDetail }) => {
  const kind = [
    t(found.dedicated ? 'detail.dedicated' : 'detail.listen'),
    ...(found.secure ? [t('detail.secure')] : []),
    ...(found.password ? [t('detail.password')] : []),
  ];
  const facts: [string, string][] = [
    [t('filter.game'), found.game || found.modDir],
    [
      t('column.region'),
      [
        ...(found.country === undefined ? [] : [countryName(found.country)]),
        t(regionWord(found.region)),
      ].join(' · '),
    ],
    [t('detail.version'), found.version],
    [t('detail.os'), SYSTEMS[found.os] ?? ''],
    [t('detail.kind'), kind.join(', ')],
    [t('detail.steamId'), found.steamId ?? ''],
    [t('detail.also'), found.alsoListedAs.join(', ')],
    [t('detail.source'), found.source],
  ];
  return (
    <>
      {found.flags.length > 0 && (
        <ul class="flags">
          {found.flags.map((flag) => (
            <li key={flag}>
              <Icon name="warn" />
              {flagText(flag)}
            </li>
          ))}
        </ul>
      )}
      <div class="tiles">
        <div class="tile">
          <span class="tile-label">{t('column.players')}</span>
          <span class="tile-value">
            {number(found.players)}
            <small>
              /{number(found.maxPlayers)}
              {found.bots > 0 && ` +${found.bots}`}
            </small>
          </span>
        </div>
        <div class="tile">
          <span class="tile-label">{t('column.ping')}</span>
          <span class="tile-value">
            <Ping ping={found.ping ?? -1} />
            {found.ping !== undefined && <small>{t('ms', { n: '' })}</small>}
          </span>
        </div>
        <div class="tile wide">
          <span class="tile-label">{t('column.map')}</span>
          <span class="tile-value">
            <bdi>{found.map || '–'}</bdi>
          </span>
        </div>
      </div>
      <p class="measured">
        {found.measuredAt === undefined
          ? t(found.fakeIp === undefined ? 'detail.announced' : 'detail.fakeIp')
          : t('detail.measured', { ago: ago(found.measuredAt) })}
      </p>
      <dl class="facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>
                <bdi>{value}</bdi>
              </dd>
            </div>
          ))}
      </dl>
      {found.tags.length > 0 && (
        <ul class="tags" aria-label={t('detail.tags')}>
          {found.tags.map((tag) => (
            <li key={tag}>
              <bdi>{tag}</bdi>
            </li>
          ))}
        </ul>
      )}
    </>
  );
};
