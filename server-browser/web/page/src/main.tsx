import { signal } from '@preact/signals';
import { render } from 'preact';
import { lazy } from './lazy.js';
import { List } from './list.js';
import { follow } from './live.js';
import { kept } from './saved.js';
import {
  freshAt,
  isMapOpen,
  open,
  readAddress,
  refreshView,
  selected,
  status,
  tab,
  view,
  wording,
} from './state.js';
import { language, loadWords, preferredLanguage, t } from './words.js';
import './styles.css';

/** What is not needed for the first row waits for it. */
const hasRows = signal(false);

const Waiting = (
  <div class="controls is-loading">
    <header class="bar" />
    <div class="tools" />
  </div>
);
const Controls = lazy(() => import('./controls.js'), Waiting);
const Empty = lazy(() => import('./empty.js'));
const World = lazy(() => import('./world.js'), <div class="world is-loading" />);
const Detail = lazy(() => import('./detail.js'), <aside class="detail" />);
const Rooms = lazy(() => import('./rooms.js'));
const Relay = lazy(() => import('./relay.js'));
const Foot = lazy(() => import('./foot.js'), <footer class="foot" />);

function App() {
  wording.value;
  const now = status.value;
  const isList = tab.value !== 'rooms' && tab.value !== 'relay';
  const isReady = hasRows.value;
  return (
    <div class={`page${selected.value === null ? '' : ' has-detail'}`}>
      {isReady ? <Controls /> : Waiting}
      {now === 'offline' && (
        <p class="notice" role="status">
          {t('status.offlineLong', {
            time: new Date(freshAt.value).toLocaleTimeString(language),
          })}
        </p>
      )}
      <main class="main">
        {isReady && isList && isMapOpen.value && <World />}
        {isList && <List />}
        {isList && view.value.length === 0 && <Empty />}
        {tab.value === 'rooms' && <Rooms />}
        {tab.value === 'relay' && <Relay />}
        {isReady && isList && selected.value !== null && <Detail />}
      </main>
      {isReady && <Foot />}
    </div>
  );
}

document.addEventListener('keydown', (event) => {
  const target = event.target as HTMLElement;
  const isTyping = /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName);
  if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey) {
    document.getElementById('search')?.focus();
    event.preventDefault();
  } else if (event.key === 'Escape' && selected.value !== null && !isTyping) {
    open(null);
    document.getElementById('list')?.focus();
  }
});
addEventListener('popstate', () => {
  readAddress();
  refreshView();
});

readAddress();
const words = loadWords(preferredLanguage(kept('language')));
const list = follow();
// Until then the page shows the lines that stand in its HTML.
await Promise.all([words, list]);
render(<App />, document.getElementById('app') as HTMLElement);
// The first rows are on the screen after the next frame.
requestAnimationFrame(() =>
  setTimeout(() => {
    performance.mark('beaconry:first-row');
    hasRows.value = true;
  }),
);
