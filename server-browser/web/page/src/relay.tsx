import { Component } from 'preact';
import { Beacon } from './beacon.js';
import { Polled } from './polled.js';
import { Ping } from './row.js';
import { wording } from './state.js';
import { t } from './words.js';

/** Points of presence differ in what they report; what is missing is not shown. */
interface Pop {
  readonly id?: string;
  readonly code?: string;
  readonly name?: string;
  readonly desc?: string;
  readonly description?: string;
  readonly state?: string;
  readonly status?: string;
  readonly healthy?: boolean;
  readonly load?: number;
  readonly ping?: number;
}

const pops = new Polled<
  { readonly items?: readonly Pop[]; readonly pops?: readonly Pop[] } | readonly Pop[]
>('v1/pops');

/** Health of the relays. */
export default class Relay extends Component {
  override componentDidMount = pops.start;
  override componentWillUnmount = pops.stop;

  override render() {
    wording.value;
    const read = pops.value.value;
    const items: readonly Pop[] = Array.isArray(read)
      ? read
      : read === null
        ? []
        : ((read as { items?: readonly Pop[]; pops?: readonly Pop[] }).items ??
          (read as { pops?: readonly Pop[] }).pops ??
          []);
    if (items.length === 0) {
      return (
        <div class="empty" role="status">
          <Beacon />
          <p>{t(pops.hasFailed.value ? 'status.failed' : 'relay.none')}</p>
        </div>
      );
    }
    return (
      <div class="table-box">
        <table class="people">
          <thead>
            <tr>
              <th scope="col">{t('relay.pop')}</th>
              <th scope="col">{t('relay.state')}</th>
              <th scope="col">{t('relay.load')}</th>
              <th scope="col">{t('relay.ping')}</th>
            </tr>
          </thead>
          <tbody>
            {items.map((pop) => {
              const code = pop.code ?? pop.id ?? pop.name ?? '';
              const state = pop.state ?? pop.status ?? (pop.healthy === false ? '✕' : '✓');
              return (
                <tr key={code}>
                  <td>
                    <b>{code}</b> <bdi class="muted">{pop.desc ?? pop.description ?? pop.name}</bdi>
                  </td>
                  <td>{state}</td>
                  <td>{pop.load === undefined ? '–' : `${Math.round(pop.load * 100)} %`}</td>
                  <td>
                    <Ping ping={pop.ping ?? -1} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    );
  }
}
