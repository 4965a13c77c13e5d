import type { EndpointLine } from './endpoint-rates.js';
import { endpoints, plugins, rates } from './live-data.js';
import { number, t, type Word } from './words.js';

const boundText = ({ bound = [] }: EndpointLine): string =>
  bound
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join(', ');

/** Endpoints with what comes in, goes out and is refused each second. */
export const Endpoints = () => (
  <section class="card wide">
    <h2>{t('endpoints')}</h2>
    <div class="scroll" tabIndex={0} role="region" aria-label={t('endpoints')}>
      <table class="endpoints">
        <thead>
          <tr>
            <th scope="col">{t('endpoint')}</th>
            <th scope="col">{t('address')}</th>
            <th scope="col" class="n">
              {t('in')}
            </th>
            <th scope="col" class="n">
              {t('out')}
            </th>
            <th scope="col" class="n">
              {t('refused')}
            </th>
            <th scope="col" class="n">
              {t('open')}
            </th>
          </tr>
        </thead>
        <tbody>
          {endpoints.value.map((line) => {
            const rate = rates.value.get(line.name);
            const isCounted = line.protocol !== 'http';
            const show = (value: number | undefined) =>
              isCounted && value !== undefined ? number(value) : '–';
            return (
              <tr key={line.name}>
                <th scope="row">
                  {line.name} <span class="chip">{line.driver ?? line.protocol}</span>
                </th>
                <td>
                  <code>{boundText(line)}</code>
                </td>
                <td class="n">{show(rate?.received)}</td>
                <td class="n">{line.protocol === 'udp' ? show(rate?.sent) : '–'}</td>
                <td class={`n${(rate?.refused ?? 0) > 0 ? ' is-fair' : ''}`}>
                  {show(rate?.refused)}
                </td>
                <td class="n">{typeof line.open === 'number' ? number(line.open) : '–'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  </section>
);

export const Plugins = () => (
  <section class="card">
    <h2>{t('plugins')}</h2>
    <ul class="states">
      {plugins.value.map(({ name, state }) => (
        <li key={name}>
          <span class={`dot is-${state}`} aria-hidden="true" />
          <b>{name}</b>
          <span class="muted">{t(`state.${state}` as Word)}</span>
        </li>
      ))}
    </ul>
  </section>
);
