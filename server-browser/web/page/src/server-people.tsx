import type { ServerDetail } from '../../listed-server.js';
import { ago, duration } from './times.js';
import { number, t } from './words.js';

/** Who plays there. */
export const Players = ({ found }: { found: ServerDetail }) => (
  <section>
    <div class="section-head">
      <h3>{t('detail.players')}</h3>
      {found.detailsAt !== undefined && (
        <span class="muted">{t('detail.detailsAt', { ago: ago(found.detailsAt) })}</span>
      )}
    </div>
    {found.playerList.length === 0 ? (
      <p class="muted">{t('detail.noPlayers')}</p>
    ) : (
      <table class="people">
        <thead>
          <tr>
            <th scope="col">{t('detail.player')}</th>
            <th scope="col">{t('detail.score')}</th>
            <th scope="col">{t('detail.time')}</th>
          </tr>
        </thead>
        <tbody>
          {[...found.playerList]
            .sort((one, other) => other.score - one.score)
            .map(({ name, score, duration: seconds }, index) => (
              <tr key={index}>
                <td>
                  {name === '' ? <i class="muted">{t('detail.joining')}</i> : <bdi>{name}</bdi>}
                </td>
                <td>{number(score)}</td>
                <td>{duration(seconds)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    )}
  </section>
);

/** Settings that the server tells everybody, closed until they are wanted. */
export const Rules = ({ found }: { found: ServerDetail }) => {
  const rules = Object.entries(found.rules).sort(([one], [other]) => (one < other ? -1 : 1));
  return (
    <section>
      <details class="rules">
        <summary>
          {t('detail.rules')} <span class="muted">{number(rules.length)}</span>
        </summary>
        {rules.length === 0 ? (
          <p class="muted">{t('detail.noRules')}</p>
        ) : (
          <dl>
            {rules.map(([name, value]) => (
              <div key={name}>
                <dt>
                  <bdi>{name}</bdi>
                </dt>
                <dd>
                  <bdi>{value || '–'}</bdi>
                </dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </section>
  );
};
