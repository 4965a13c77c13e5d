import { audit } from './live-data.js';
import { language, t } from './words.js';

/** Who did what. */
export const Audit = () => (
  <section class="card wide">
    <h2>{t('audit')}</h2>
    {audit.value.length === 0 ? (
      <p class="muted">{t('auditNone')}</p>
    ) : (
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">{t('when')}</th>
              <th scope="col">{t('who')}</th>
              <th scope="col">{t('what')}</th>
            </tr>
          </thead>
          <tbody>
            {audit.value.map(({ at, by, action }) => (
              <tr key={`${at} ${JSON.stringify(action)}`}>
                <td>{new Date(at).toLocaleString(language.value)}</td>
                <td>{by}</td>
                <td>
                  <code>{JSON.stringify(action)}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    )}
  </section>
);
