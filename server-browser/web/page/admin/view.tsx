import { Component } from 'preact';
import { Audit } from './audit-card.js';
import { BansCard } from './bans-card.js';
import { Brand } from './brand.js';
import { CommandForm } from './command-form.js';
import { Endpoints, Plugins } from './endpoints-card.js';
import { commands, follow, isOffline, ready } from './live-data.js';
import { LogCard } from './log-card.js';
import { Lobbies, Sessions } from './players-cards.js';
import { logOut } from './session.js';
import { Refusals, Top } from './sources-card.js';
import { type Language, language, loadWords, t } from './words.js';

/** All that an operator sees of his server, live. */
export class View extends Component {
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
          <div class="column">
            <Plugins />
            <Sessions />
            <Lobbies />
          </div>
          <div class="column">
            <Top />
            <Refusals />
          </div>
          <BansCard />
          <LogCard />
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
