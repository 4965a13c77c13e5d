import { signal } from '@preact/signals';
import { Component, createRef } from 'preact';
import { type LogEntry, log } from './live-data.js';
import { language, t } from './words.js';

const onlyTrouble = signal(false);
const isTrouble = ({ level }: LogEntry): boolean =>
  level === 'warn' || level === 'error' || level === 'fatal';
/** Pixels from the end at which the operator still follows it. */
const NEAR = 24;

/** The end of the log; it moves along unless the operator scrolled back. */
export class LogCard extends Component {
  readonly #box = createRef<HTMLDivElement>();
  #follows = true;

  override componentDidMount(): void {
    this.componentDidUpdate();
  }
  override componentDidUpdate(): void {
    const box = this.#box.current;
    if (box !== null && this.#follows) box.scrollTop = box.scrollHeight;
  }

  override render() {
    const lines = onlyTrouble.value ? log.value.filter(isTrouble) : log.value;
    return (
      <section class="card wide">
        <div class="card-head">
          <h2>{t('log')}</h2>
          <label class="check">
            <input
              type="checkbox"
              checked={onlyTrouble.value}
              onChange={(event) => {
                onlyTrouble.value = event.currentTarget.checked;
              }}
            />
            {t('onlyTrouble')}
          </label>
        </div>
        <div
          ref={this.#box}
          class="log"
          role="log"
          aria-live="off"
          aria-label={t('log')}
          tabIndex={0}
          onScroll={({ currentTarget: box }) => {
            this.#follows = box.scrollTop + box.clientHeight > box.scrollHeight - NEAR;
          }}
        >
          {lines.length === 0 && <p class="muted">{t('logNone')}</p>}
          {lines.map((line) => (
            <p key={line.number} class={`log-line is-${line.level}`}>
              <time dateTime={line.at}>{new Date(line.at).toLocaleTimeString(language.value)}</time>{' '}
              <b>{line.level}</b> {line.plugin !== null && <i>{line.plugin}</i>}{' '}
              <bdi>{line.message}</bdi> <span class="muted">{line.details}</span>
            </p>
          ))}
        </div>
      </section>
    );
  }
}
