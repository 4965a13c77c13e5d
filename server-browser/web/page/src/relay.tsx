import { Component } from 'preact';
import { Beacon } from './beacon.js';
import { Ping } from './ping.js';
import { Polled } from './polled.js';
import { wording } from './state.js';
import { number, t } from './words.js';

/** A point of presence. What nobody reports of it is not shown, rather than guessed. */
interface Pop {
  readonly code: string;
  readonly description?: string;
  readonly relays?: number;
  readonly tier?: number;
  readonly longitude?: number;
  readonly latitude?: number;
  readonly state?: string;
  /** 0 to 1. */
  readonly load?: number;
  /** Milliseconds. */
  readonly ping?: number;
}

/** Load of the relay for frames. */
interface FrameRelay {
  readonly peers: number;
  readonly connections: number;
  readonly frames: number;
  readonly bytes: number;
  readonly queuedBytes: number;
}

const pops = new Polled<{ readonly items: readonly Pop[] }>('v1/pops');
const frames = new Polled<FrameRelay>('v1/relay/status');

/** Health of the relays. */
export default class Relay extends Component {
  override componentDidMount(): void {
    pops.start();
    frames.start();
  }
  override componentWillUnmount(): void {
    pops.stop();
    frames.stop();
  }

  override render() {
    wording.value;
    const items = pops.value.value?.items ?? [];
    const status = frames.value.value;
    if (items.length === 0 && status === null) {
      const isLost = pops.hasFailed.value && frames.hasFailed.value;
      return (
        <div class="empty" role="status">
          <Beacon />
          <p>{t(isLost ? 'status.failed' : 'relay.none')}</p>
        </div>
      );
    }
    return (
      <div class="table-box">
        {status !== null && <Frames status={status} />}
        {items.length > 0 && <Pops items={items} />}
      </div>
    );
  }
}

const Pops = ({ items }: { items: readonly Pop[] }) => {
  const has = (key: keyof Pop) => items.some((pop) => pop[key] !== undefined);
  return (
    <table class="people">
      <thead>
        <tr>
          <th scope="col">{t('relay.pop')}</th>
          {has('state') && <th scope="col">{t('relay.state')}</th>}
          <th scope="col">{t('relay.relays')}</th>
          {has('load') && <th scope="col">{t('relay.load')}</th>}
          {has('ping') && <th scope="col">{t('relay.ping')}</th>}
          <th scope="col" class="cell-place">
            {t('relay.place')}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ code, description, state, relays = 0, load, ping, ...pop }) => (
          <tr key={code}>
            <td>
              <b>{code}</b> <bdi class="muted">{description}</bdi>
            </td>
            {has('state') && <td>{state ?? '–'}</td>}
            <td class={relays === 0 ? 'ping-poor' : ''}>{number(relays)}</td>
            {has('load') && <td>{load === undefined ? '–' : `${Math.round(load * 100)} %`}</td>}
            {has('ping') && (
              <td>
                <Ping ping={ping ?? -1} />
              </td>
            )}
            <td class="cell-place">{placeText(pop)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
};

const placeText = ({ latitude, longitude }: Pick<Pop, 'latitude' | 'longitude'>): string => {
  if (latitude === undefined || longitude === undefined) return '–';
  const side = (degrees: number, [positive, negative]: readonly [string, string]) =>
    `${Math.abs(degrees).toFixed(1)}° ${degrees < 0 ? negative : positive}`;
  return `${side(latitude, ['N', 'S'])} ${side(longitude, ['E', 'W'])}`;
};

const Frames = ({ status }: { status: FrameRelay }) => (
  <section class="frame-relay">
    <h2>{t('relay.frames')}</h2>
    <dl class="tiles">
      <Tile label={t('relay.peers')} value={number(status.peers)} />
      <Tile label={t('relay.connections')} value={number(status.connections)} />
      <Tile label={t('relay.passed')} value={number(status.frames)} />
      <Tile
        label={t('relay.queued')}
        value={`${number(Math.ceil(status.queuedBytes / 1024))} KiB`}
      />
    </dl>
  </section>
);

const Tile = ({ label, value }: { label: string; value: string }) => (
  <div class="tile">
    <dt class="tile-label">{label}</dt>
    <dd class="tile-value">{value}</dd>
  </div>
);
