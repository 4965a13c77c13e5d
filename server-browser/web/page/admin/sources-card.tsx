import { banThis, canBan } from './bans-card.js';
import { refusals, top } from './live-data.js';
import { language, number, t } from './words.js';

/** Who sends most. */
export const Top = () => {
  const lines = top.value.flatMap(({ endpoint, sources }) =>
    sources.map((source) => ({ endpoint, ...source })),
  );
  const most = Math.max(1, ...lines.map(({ datagrams }) => datagrams));
  return (
    <section class="card">
      <h2>{t('top')}</h2>
      {lines.length === 0 ? (
        <p class="muted">{t('topNone')}</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">{t('source')}</th>
              <th scope="col">{t('endpoint')}</th>
              <th scope="col" class="n">
                {t('datagrams')}
              </th>
              {canBan() && (
                <th scope="col">
                  <span class="hidden">{t('ban')}</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {lines
              .sort((one, other) => other.datagrams - one.datagrams)
              .slice(0, 12)
              .map(({ endpoint, host, datagrams }) => (
                <tr key={`${endpoint} ${host}`}>
                  <td>
                    <code>{host}</code>
                    <span class="share" aria-hidden="true">
                      <i style={{ transform: `scaleX(${datagrams / most})` }} />
                    </span>
                  </td>
                  <td>{endpoint}</td>
                  <td class="n">{number(datagrams)}</td>
                  {canBan() && (
                    <td class="n">
                      <button
                        type="button"
                        class="button small"
                        aria-label={`${t('ban')}: ${host}`}
                        onClick={() => banThis(host)}
                      >
                        {t('ban')}
                      </button>
                    </td>
                  )}
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </section>
  );
};

/** What the master refused, and what its operator can do about it. */
export const Refusals = () =>
  refusals.value === undefined ? null : (
    <section class="card">
      <h2>{t('refusals')}</h2>
      {refusals.value.length === 0 ? (
        <p class="muted">{t('refusalsNone')}</p>
      ) : (
        <ul class="plain">
          {refusals.value.map(({ address, text, remedy, count, at }) => (
            <li key={`${address} ${text}`}>
              <code>{address}</code> {count > 1 && <span class="chip">{`×${number(count)}`}</span>}{' '}
              <span class="muted">{new Date(at).toLocaleTimeString(language.value)}</span>
              <p>{text}</p>
              {remedy !== '' && <p class="muted">{remedy}</p>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
