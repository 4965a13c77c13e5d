import { signal } from '@preact/signals';
import type { CommandLine } from './live-data.js';
import { runCommand } from './session.js';
import { t } from './words.js';

const outcome = signal<{
  readonly name: string;
  readonly text: string;
  readonly isError: boolean;
} | null>(null);

/** One command: its parameters as people type them, and what it answered. */
export const CommandForm = ({ command }: { command: CommandLine }) => {
  const run = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const texts: Record<string, string> = {};
    for (const [name, value] of new FormData(event.currentTarget as HTMLFormElement)) {
      if (typeof value === 'string' && value !== '') texts[name] = value;
    }
    const { name } = command;
    try {
      outcome.value = { name, text: (await runCommand(name, texts)) || t('done'), isError: false };
    } catch (error) {
      outcome.value = { name, text: (error as Error).message, isError: true };
    }
  };
  const answer = outcome.value?.name === command.name ? outcome.value : null;
  return (
    <details class="command">
      <summary>
        <b>{command.name}</b> <span class="muted">{command.doc}</span>
      </summary>
      <form onSubmit={(event) => void run(event)}>
        {command.parameters.map(({ name, doc, format, required, default: usual }) => (
          <label key={name}>
            <span>
              {name}
              {required && ' *'} <span class="muted">{format}</span>
            </span>
            <input
              name={name}
              required={required}
              placeholder={usual}
              autocomplete="off"
              spellcheck={false}
            />
            <small class="muted">{doc}</small>
          </label>
        ))}
        <button type="submit" class="button">
          {t('run')}
        </button>
        {answer !== null && (
          <pre class={answer.isError ? 'is-error' : ''} role="status">
            {answer.text}
          </pre>
        )}
      </form>
    </details>
  );
};
