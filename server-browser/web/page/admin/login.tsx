import { signal } from '@preact/signals';
import { Brand } from './brand.js';
import { logIn } from './session.js';
import { t, type Word } from './words.js';

const problem = signal<Word | null>(null);

/** The token is sent once and kept nowhere. */
export const Login = () => {
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
