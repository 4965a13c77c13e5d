import { signal } from '@preact/signals';
import { Component } from 'preact';
import { change, isLoggedIn, read } from './session.js';
import { language, number, t, type Word } from './words.js';

interface BanLine {
  readonly subject: string;
  readonly scope: string;
  readonly reason: string;
  readonly by: string;
  readonly from: string;
  readonly until: string | null;
  /** `local`, or the list that says it: such a ban is lifted where the list is written. */
  readonly source: string;
}

/** Undefined when the plugin for bans does not run. */
const bans = signal<readonly BanLine[] | undefined>(undefined);
const hasMore = signal(false);
const problem = signal<string | null>(null);
const subject = signal('');

const SHOWN = 100;
const INTERVAL = 5000;
/** Seconds, and how people call them. */
const TIMES: readonly (readonly [seconds: string, word: Word])[] = [
  ['3600', 'for.hour'],
  ['86400', 'for.day'],
  ['604800', 'for.week'],
  ['2592000', 'for.month'],
  ['', 'for.ever'],
];

export const canBan = (): boolean => bans.value !== undefined;

/** Puts somebody into the form; the operator gives the reason. */
export function banThis(whom: string): void {
  subject.value = whom;
  const form = document.getElementById('ban') as HTMLFormElement | null;
  form?.scrollIntoView({ block: 'center' });
  form?.querySelector<HTMLInputElement>('[name=reason]')?.focus();
}

async function load(): Promise<void> {
  try {
    const found = await read<{ readonly items: readonly BanLine[]; readonly next: unknown }>(
      `bans?limit=${SHOWN}`,
    );
    bans.value = found?.items;
    hasMore.value = found !== undefined && found.next !== null;
  } catch {
    // The head of the page says that the server does not answer.
  }
}

async function attempt(action: () => Promise<unknown>): Promise<boolean> {
  try {
    await action();
    problem.value = null;
    return true;
  } catch (error) {
    problem.value = (error as Error).message;
    return false;
  } finally {
    await load();
  }
}

/** Who is kept out; adds and lifts bans. */
export class BansCard extends Component {
  #timer = 0;

  override componentDidMount(): void {
    void load();
    this.#timer = window.setInterval(() => {
      if (!document.hidden && isLoggedIn.value === true) void load();
    }, INTERVAL);
  }
  override componentWillUnmount(): void {
    clearInterval(this.#timer);
  }

  override render() {
    const found = bans.value;
    if (found === undefined) return null;
    return (
      <section class="card wide">
        <h2>
          {t('bans')}{' '}
          <span class="muted">{`${number(found.length)}${hasMore.value ? '+' : ''}`}</span>
        </h2>
        <BanForm />
        {problem.value !== null && (
          <p class="problem" role="alert">
            {problem.value}
          </p>
        )}
        {found.length === 0 ? <p class="muted">{t('bansNone')}</p> : <BanTable lines={found} />}
      </section>
    );
  }
}

const BanForm = () => {
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const said = Object.fromEntries(new FormData(form)) as Record<string, string>;
    const body = {
      subject: (said.subject ?? '').trim(),
      reason: (said.reason ?? '').trim(),
      ...(said.for === '' ? {} : { seconds: Number(said.for) }),
    };
    if (!(await attempt(() => change('POST', 'bans', body)))) return;
    subject.value = '';
    (form.elements.namedItem('reason') as HTMLInputElement).value = '';
  };
  return (
    <form id="ban" class="line" onSubmit={(event) => void submit(event)}>
      <label>
        <span>{t('whom')}</span>
        <input
          name="subject"
          required
          maxLength={256}
          autocomplete="off"
          spellcheck={false}
          placeholder="192.0.2.0/24"
          value={subject.value}
          onInput={(event) => {
            subject.value = event.currentTarget.value;
          }}
        />
      </label>
      <label class="grows">
        <span>{t('reason')}</span>
        <input name="reason" required maxLength={512} autocomplete="off" />
      </label>
      <label>
        <span>{t('for')}</span>
        <select name="for">
          {TIMES.map(([seconds, word]) => (
            <option key={word} value={seconds} selected={word === 'for.week'}>
              {t(word)}
            </option>
          ))}
        </select>
      </label>
      <button type="submit" class="button primary">
        {t('ban')}
      </button>
    </form>
  );
};

const BanTable = ({ lines }: { lines: readonly BanLine[] }) => (
  <div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">{t('whom')}</th>
          <th scope="col">{t('reason')}</th>
          <th scope="col">{t('who')}</th>
          <th scope="col">{t('until')}</th>
          <th scope="col">
            <span class="hidden">{t('lift')}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map((ban) => (
          <tr key={`${ban.subject} ${ban.scope} ${ban.source}`}>
            <td>
              <code>{ban.subject}</code>
              {ban.scope !== 'all' && <span class="chip">{ban.scope}</span>}
            </td>
            <td>
              <bdi>{ban.reason}</bdi>
            </td>
            <td>{ban.source === 'local' ? ban.by : ban.source}</td>
            <td>
              {ban.until === null
                ? t('for.ever')
                : new Date(ban.until).toLocaleString(language.value)}
            </td>
            <td class="n">
              {ban.source === 'local' && (
                <button
                  type="button"
                  class="button small"
                  aria-label={`${t('lift')}: ${ban.subject}`}
                  onClick={() => void attempt(() => change('DELETE', lifting(ban)))}
                >
                  {t('lift')}
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </div>
);

const lifting = ({ subject: whom, scope }: BanLine): string =>
  `bans?${new URLSearchParams({ subject: whom, scope })}`;
