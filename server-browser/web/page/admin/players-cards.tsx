import { Fragment } from 'preact';
import { rooms, sessions } from './live-data.js';
import { language, number, t } from './words.js';

/** Players whose tickets the game servers of this process took. */
export const Sessions = () =>
  sessions.value === undefined ? null : (
    <section class="card">
      <h2>
        {t('sessions')} <span class="muted">{number(sessions.value.length)}</span>
      </h2>
      {sessions.value.length === 0 ? (
        <p class="muted">{t('sessionsNone')}</p>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('player')}</th>
                <th scope="col">{t('state')}</th>
                <th scope="col">{t('when')}</th>
              </tr>
            </thead>
            <tbody>
              {sessions.value.map(({ server, steamId, state, begun }) => (
                <tr key={`${server} ${steamId}`}>
                  <td>
                    <code>{steamId}</code>
                  </td>
                  <td>{state}</td>
                  <td>{new Date(begun).toLocaleTimeString(language.value)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );

/** Rooms of the VCMI lobbies. */
export const Lobbies = () =>
  rooms.value === undefined ? null : (
    <section class="card">
      <h2>
        {t('lobbies')} <span class="muted">{number(rooms.value.length)}</span>
      </h2>
      {rooms.value.length === 0 ? (
        <p class="muted">{t('lobbiesNone')}</p>
      ) : (
        <ul class="plain">
          {rooms.value.map((room) => (
            <li key={`${room.lobby} ${room.name}`}>
              <bdi>{room.description || room.name}</bdi>{' '}
              <span class="chip">
                {room.players.length}/{room.total}
              </span>{' '}
              <span class="muted">
                {(room.players.length > 0 ? room.players : [room.host]).map((name, index) => (
                  <Fragment key={name}>
                    {index > 0 && ', '}
                    <bdi>{name}</bdi>
                  </Fragment>
                ))}
                {room.started && ` · ${t('started')}`}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
