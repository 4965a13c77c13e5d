import { signal } from '@preact/signals';
import { Menu } from './menu.js';
import { keep, kept } from './saved.js';
import { wording } from './state.js';
import type { Word } from './word.js';
import { type Language, language, loadWords, t } from './words.js';

const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', uk: 'Українська' };

const theme = signal(kept('theme') ?? 'system');

function setTheme(wanted: string): void {
  theme.value = wanted;
  keep('theme', wanted === 'system' ? null : wanted);
  if (wanted === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = wanted;
}

async function setLanguage(wanted: Language): Promise<void> {
  await loadWords(wanted);
  keep('language', wanted);
  wording.value++;
}

/** Colours and language. */
export const SettingsMenu = () => (
  <Menu name="settings" icon="sliders">
    <label>
      {t('theme')}
      <select
        id="theme"
        class="select"
        value={theme.value}
        onChange={(event) => setTheme(event.currentTarget.value)}
      >
        {['system', 'light', 'dark'].map((one) => (
          <option key={one} value={one}>
            {t(`theme.${one}` as Word)}
          </option>
        ))}
      </select>
    </label>
    <label>
      {t('language')}
      <select
        id="language"
        class="select"
        value={language}
        onChange={(event) => void setLanguage(event.currentTarget.value as Language)}
      >
        {Object.entries(LANGUAGES).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
    </label>
  </Menu>
);
