import { favourites, visited } from './saved.js';
import { settings } from './settings.js';
import { isList, repaint, tab, table } from './state.js';
import { counted, t } from './words.js';

/** Keys, and what the operator has to say about his data. */
export default function Foot() {
  repaint.value;
  const saved = tab.value === 'favourites' ? favourites : tab.value === 'history' ? visited : null;
  let absent = 0;
  if (saved !== null) {
    for (const address of saved.value.keys()) if (table.rowOf(address) === undefined) absent++;
  }
  return (
    <footer class="foot">
      {isList.value && <span class="keys">{t('list.keys')}</span>}
      {absent > 0 && <span>{counted(absent, 'absent')}</span>}
      {settings.attribution !== null && <span class="attribution">{settings.attribution}</span>}
    </footer>
  );
}
