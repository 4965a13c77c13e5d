import { render } from 'preact';
import { lazy } from './lazy.js';
import { List } from './list.js';
import { follow } from './live.js';
import { hasRows, isList, isMapOpen, readAddress, selected, tab, view, wording } from './state.js';
import { loadWords } from './words.js';
import './styles.css';

/** What the server drew above the list stays until controls that work have come. */
const early = [...(document.querySelector('.controls')?.childNodes ?? [])];
const Waiting = () => <div class="controls" ref={(place) => place?.replaceChildren(...early)} />;
const Controls = lazy(() => import('./controls.js'), <Waiting />);
const Empty = lazy(() => import('./empty.js'));
const World = lazy(() => import('./world.js'), <div class="world is-loading" />);
const Detail = lazy(() => import('./detail.js'), <aside class="detail" />);
const Rooms = lazy(() => import('./rooms.js'));
const Relay = lazy(() => import('./relay.js'));
const Foot = lazy(() => import('./foot.js'), <footer class="foot" />);

function App() {
  wording.value;
  const isReady = hasRows.value;
  return (
    <div class={`page${isList.value && selected.value !== null ? ' has-detail' : ''}`}>
      {isReady ? <Controls /> : <Waiting />}
      <main class="main">
        {isReady && isList.value && isMapOpen.value && <World />}
        {isList.value && <List />}
        {isList.value && view.value.length === 0 && <Empty />}
        {tab.value === 'rooms' && <Rooms />}
        {tab.value === 'relay' && <Relay />}
        {isReady && isList.value && selected.value !== null && <Detail />}
      </main>
      {isReady && <Foot />}
    </div>
  );
}

readAddress();
const words = loadWords(window.earlyWords?.language ?? 'en');
const list = follow();
// Until then the page shows what stands in its HTML.
await Promise.all([words, list]);
render(<App />, document.getElementById('app') as HTMLElement);
// The rows are on the screen after the next frame.
requestAnimationFrame(() =>
  setTimeout(() => {
    performance.mark('beaconry:list');
    hasRows.value = true;
  }),
);
