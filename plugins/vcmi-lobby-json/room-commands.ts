import { messageOf } from 'beaconry';
import { cleanText } from 'beaconry/plugins/vcmi-lobby';
import type { GameRoom } from './game-room.js';
import type { JsonLobby } from './json-lobby.js';
import type { OnlineAccount } from './online-account.js';

const MAX_DESCRIPTION = 250;
const MAX_INVITED = 64;
/** How long a match server has to open a connection for a guest it was told of. */
const ANNOUNCED_MS = 60_000;

/** What accounts and match servers do with rooms, VCMI global lobby, section 4. */
export class RoomCommands {
  constructor(private readonly lobby: JsonLobby) {}

  activate(
    account: OnlineAccount,
    {
      hostAccountID,
      roomType,
      playerLimit,
    }: {
      readonly hostAccountID: string;
      readonly roomType: string;
      readonly playerLimit?: number | undefined;
    },
  ): void {
    const { lobby } = this;
    const room = this.#idleRoomOf(account);
    if (lobby.roomOf(account.accountID) !== undefined) {
      account.fail('Player already in the room!');
    } else if (room === undefined || hostAccountID !== account.accountID) {
      // The original lets anybody open the room of another.
      account.fail('Failed to find idle server to join!');
    } else if (roomType !== 'public' && roomType !== 'private') {
      account.fail('Invalid room type!');
    } else {
      room.status = roomType;
      if (playerLimit !== undefined) room.playerLimit = playerLimit;
      lobby.enter(room, account);
      lobby.parts.listener.roomOpened(room);
      lobby.roomsHaveChanged(account);
      account.send({ type: 'joinRoomSuccess', gameRoomID: room.id, proxyMode: false });
    }
  }

  #idleRoomOf({ accountID }: OnlineAccount): GameRoom | undefined {
    for (const room of this.lobby.rooms.values()) {
      if (room.status === 'idle' && room.host.accountID === accountID) return room;
    }
    return undefined;
  }

  /** The account hears of its success when the match server has opened a connection for it. */
  join(account: OnlineAccount, roomID: string): void {
    const { lobby } = this;
    const { accountID } = account;
    const room = lobby.rooms.get(roomID);
    const refusal = this.#joinRefusal(accountID, room);
    if (room === undefined || refusal !== undefined) {
      account.fail(refusal ?? 'Failed to find game room to join!');
      return;
    }
    lobby.enter(room, account);
    room.announced.set(accountID, lobby.parts.clock.monotonic() + ANNOUNCED_MS);
    room.outlet.send({ type: 'accountJoinsRoom', accountID });
    lobby.roomsHaveChanged(account);
  }

  #joinRefusal(accountID: string, room: GameRoom | undefined): string | undefined {
    if (this.lobby.roomOf(accountID) !== undefined) return 'Player already in the room!';
    if (room === undefined) return 'Failed to find game room to join!';
    if (!room.isOpen) return 'Room does not accepts new players!';
    if (room.status === 'private' && !room.invited.has(accountID)) {
      return 'You are not permitted to join private room without invite!';
    }
    return room.participants.size >= room.playerLimit ? 'Room is already full!' : undefined;
  }

  invite(account: OnlineAccount, guestID: string): void {
    const { lobby } = this;
    const guest = lobby.online.get(guestID);
    const room = lobby.roomOf(account.accountID);
    if (guest === undefined) account.fail('Player is offline or does not exists!');
    else if (room === undefined) account.fail('You are not in the room!');
    else if (lobby.roomOf(guestID) !== undefined) {
      account.fail('This player is already in a room!');
    } else if (room.invited.has(guestID)) account.fail('This player is already invited!');
    else if (room.invited.size >= MAX_INVITED) account.fail('Too many players are invited');
    else {
      room.invited.set(guestID, guest.displayName);
      guest.send({ type: 'inviteReceived', accountID: account.accountID, gameRoomID: room.id });
      lobby.roomsHaveChanged();
    }
  }

  /** The match server says that a guest has left, or was sent away. */
  leave(room: GameRoom, accountID: string): void {
    if (this.lobby.leave(room, accountID)) this.lobby.roomsHaveChanged();
    else room.outlet.send({ type: 'operationFailed', reason: 'You are not in the room!' });
  }

  describe(room: GameRoom, description: string): void {
    room.description = cleanText(description, MAX_DESCRIPTION);
    this.lobby.roomHasChanged(room);
  }

  start(room: GameRoom): void {
    if (!room.isOpen) return;
    const { archive, listener, log } = this.lobby.parts;
    room.status = 'busy';
    archive
      .begin(room)
      .catch((error) =>
        log.warn({ room: room.id, err: error }, `match not kept: ${messageOf(error)}`),
      );
    listener.roomClosed(room, true);
    listener.gameStarted(room);
    this.lobby.roomsHaveChanged();
  }
}
