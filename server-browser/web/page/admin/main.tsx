import { signal } from '@preact/signals';
import { Component, render } from 'preact';
import { CommandForm } from './command-form.js';
import {
  audit,
  bans,
  commands,
  type EndpointLine,
  endpoints,
  follow,
  isOffline,
  plugins,
  rates,
  ready,
  sessions,
  top,
} from './live-data.js';
import { isLoggedIn, logIn, logOut, resume } from './session.js';
import { type Language, language, loadWords, number, t, type Word } from './words.js';
import './admin.css';

const problem = signal<Word | null>(null);

const Brand = () => (
  <h1 class="brand">
    <svg class="beacon" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="11" r="4" />
      <path d="M13.6 15.5h4.8L20.5 27h-9z" />
      <path class="rays" d="M8.2 4.5a10 10 0 0 0 0 13M23.8 4.5a10 10 0 0 1 0 13" />
    </svg>
    {t('title')}
  </h1>
);

const Login = () => {
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const token = new FormData(form).get('token');
    form.reset();
    const status = await logIn(String(token ?? '').trim());
    problem.value =
      status === 200 ? null : status === 403 ? 'wrongToken' : status === 429 ? 'tooMany' : 'failed';
  };
  return (
    <main class="login">
      <form class="card" onSubmit={(event) => void submit(event)}>
        <Brand />
        <label>
          <span>{t('token')}</span>
          <input name="token" type="password" required autocomplete="off" autofocus />
        </label>
        <p class="muted">{t('tokenHint')}</p>
        {problem.value !== null && (
          <p class="problem" role="alert">
            {t(problem.value)}
          </p>
        )}
        <button type="submit" class="button primary">
          {t('login')}
        </button>
      </form>
    </main>
  );
};

class View extends Component {
  #stop = () => {};
  override componentDidMount(): void {
    this.#stop = follow();
  }
  override componentWillUnmount(): void {
    this.#stop();
  }
  override render() {
    const health = ready.value;
    return (
      <>
        <header class="bar">
          <Brand />
          <p
            class={`health ${isOffline.value ? 'is-bad' : health?.ready === false ? 'is-fair' : ''}`}
            role="status"
          >
            <span class="dot" aria-hidden="true" />
            {isOffline.value
              ? t('offline')
              : health === null || health.ready
                ? t('ready')
                : `${t('notReady')}: ${health.reasons.join(', ')}`}
          </p>
          <select
            aria-label={t('language')}
            value={language.value}
            onChange={(event) => void loadWords(event.currentTarget.value as Language)}
          >
            <option value="en">English</option>
            <option value="uk">Українська</option>
          </select>
          <button type="button" class="button" onClick={() => void logOut()}>
            {t('logout')}
          </button>
        </header>
        <main class="sections">
          <Endpoints />
          <Plugins />
          <Top />
          <More title="sessions" items={sessions.value} />
          <More title="bans" items={bans.value} />
          {commands.value.length > 0 && (
            <section class="card wide">
              <h2>{t('commands')}</h2>
              {commands.value.map((command) => (
                <CommandForm key={command.name} command={command} />
              ))}
            </section>
          )}
          <Audit />
        </main>
      </>
    );
  }
}

const boundText = ({ bound = [] }: EndpointLine): string =>
  bound
    .map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`))
    .join(', ');

const Endpoints = () => (
  <section class="card wide">
    <h2>{t('endpoints')}</h2>
    <div class="scroll" tabIndex={0} role="region" aria-label={t('endpoints')}>
      <table>
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

const Plugins = () => (
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

const Top = () => {
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
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </section>
  );
};

/** Lists whose shape belongs to plugins: shown as they come. */
const More = ({
  title,
  items,
}: {
  title: 'sessions' | 'bans';
  items: readonly unknown[] | undefined;
}) =>
  items === undefined ? null : (
    <section class="card">
      <h2>
        {t(title)} <span class="muted">{number(items.length)}</span>
      </h2>
      <ul class="plain">
        {items.slice(0, 100).map((item) => {
          const text = Object.entries((item ?? {}) as Record<string, unknown>)
            .filter(([, value]) => value !== null && typeof value !== 'object')
            .map(([key, value]) => `${key}: ${String(value)}`)
            .join(' · ');
          return (
            <li key={text}>
              <bdi>{text}</bdi>
            </li>
          );
        })}
      </ul>
    </section>
  );

const Audit = () => (
  <section class="card wide">
    <h2>{t('audit')}</h2>
    {audit.value.length === 0 ? (
      <p class="muted">{t('auditNone')}</p>
    ) : (
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
    )}
  </section>
);

const App = () => (isLoggedIn.value === undefined ? null : isLoggedIn.value ? <View /> : <Login />);

await Promise.all([
  loadWords(language.value),
  resume().catch(() => {
    isLoggedIn.value = false;
  }),
]);
render(<App />, document.getElementById('app') as HTMLElement);
