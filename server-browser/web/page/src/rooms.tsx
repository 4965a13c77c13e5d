import { Component } from 'preact';
import { Beacon } from './beacon.js';
import { Icon } from './icon.js';
import { Polled } from './polled.js';
import { wording } from './state.js';
import { t } from './words.js';

interface Room {
  readonly lobby: 'proxy' | 'json';
  /** In the JSON lobby a uuid, which says nothing to people. */
  readonly name: string;
  readonly description: string;
  readonly started: boolean;
  readonly host: string;
  readonly players: readonly string[];
  readonly total: number;
  readonly protected: boolean;
  readonly gameMode: number;
  readonly mods: readonly { readonly name: string; readonly version: string }[];
}

const rooms = new Polled<{ readonly items: readonly Room[] }>('v1/vcmi/rooms?limit=500');

const titleOf = ({ lobby, name, description, host }: Room): string =>
  lobby === 'proxy' ? name : description || t('rooms.of', { host });

/** Open rooms of the VCMI lobbies. */
export default class Rooms extends Component {
  override componentDidMount = rooms.start;
  override componentWillUnmount = rooms.stop;

  override render() {
    wording.value;
    const items = rooms.value.value?.items ?? [];
    if (items.length === 0) {
      return (
        <div class="empty" role="status">
          <Beacon />
          <p>{t(rooms.hasFailed.value ? 'status.failed' : 'rooms.none')}</p>
        </div>
      );
    }
    return (
      <div class="cards">
        {items.map((room) => (
          <article key={`${room.lobby} ${room.name}`} class="card">
            <h2>
              <bdi>{titleOf(room)}</bdi>
              {room.protected && <Icon name="lock" label={t('rooms.locked')} />}
            </h2>
            <p class="muted">
              {t('rooms.host')}: <bdi>{room.host}</bdi>
              {room.started && ` · ${t('rooms.started')}`}
              {room.gameMode === 1 && ` · ${t('rooms.saved')}`}
            </p>
            <p class="chips">
              <b>
                {room.players.length}/{room.total}
              </b>
              {room.players.map((player) => (
                <bdi key={player} class="chip">
                  {player}
                </bdi>
              ))}
            </p>
            {room.mods.length > 0 && (
              <p class="muted mods">
                {t('rooms.mods')}:{' '}
                <bdi>{room.mods.map(({ name, version }) => `${name} ${version}`).join(', ')}</bdi>
              </p>
            )}
          </article>
        ))}
      </div>
    );
  }
}
