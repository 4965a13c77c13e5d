import type { ChatCommands } from './chat-commands.js';
import type { GameRoom } from './game-room.js';
import type { JsonLobby } from './json-lobby.js';
import type { Logins, ProxyHalf, Stranger } from './logins.js';
import type { ClientMessage } from './message-schemas.js';
import type { OnlineAccount } from './online-account.js';
import type { RoomCommands } from './room-commands.js';

/** What becomes of the connection after a message. */
export type Outcome = 'go on' | 'close' | ProxyHalf;

/** The rates of the address behind a session. */
export interface SessionLimits {
  takeAccount(): boolean;
  takeRoom(): boolean;
  takeConversation(): boolean;
}

/** Everything that sessions have in common. */
export interface SessionParts {
  readonly lobby: JsonLobby;
  readonly logins: Logins;
  readonly chat: ChatCommands;
  readonly rooms: RoomCommands;
}

/** One connection: its login says what it is, and only messages of that kind are heard afterwards. */
export class LobbySession {
  #account: OnlineAccount | undefined;
  #room: GameRoom | undefined;
  #isGone = false;
  readonly #stranger: Stranger;

  constructor(
    private readonly parts: SessionParts,
    { outlet, address }: Pick<Stranger, 'outlet' | 'address'>,
    private readonly limits: SessionLimits,
  ) {
    const isGone = () => this.#isGone;
    this.#stranger = {
      outlet,
      address,
      get isGone() {
        return isGone();
      },
      takeAccount: () => limits.takeAccount(),
      takeRoom: () => limits.takeRoom(),
    };
  }

  get isLoggedIn(): boolean {
    return this.#account !== undefined || this.#room !== undefined;
  }

  /** Handles one message; the next may be given when the promise is settled. */
  async handle(message: ClientMessage): Promise<Outcome> {
    if (this.#account !== undefined) await this.#command(this.#account, message);
    else if (this.#room !== undefined) this.#roomCommand(this.#room, message);
    else return this.#login(message);
    return 'go on';
  }

  /** The connection has closed. */
  gone(): void {
    this.#isGone = true;
    if (this.#account !== undefined) this.parts.lobby.remove(this.#account);
    if (this.#room !== undefined) this.parts.lobby.closeRoom(this.#room);
  }

  async #login(message: ClientMessage): Promise<Outcome> {
    const { logins } = this.parts;
    switch (message.type) {
      case 'clientRegister':
        await logins.register(this.#stranger, message);
        return 'go on';
      case 'clientLogin':
        this.#account = await logins.login(this.#stranger, message);
        return 'go on';
      case 'serverLogin':
        this.#room = await logins.serverLogin(this.#stranger, message);
        return 'go on';
      case 'serverProxyLogin':
        return (await logins.serverProxy(this.#stranger, message)) ?? 'close';
      case 'clientProxyLogin':
        return (await logins.clientProxy(this.#stranger, message)) ?? 'close';
      default:
        return 'close';
    }
  }

  async #command(account: OnlineAccount, message: ClientMessage): Promise<void> {
    const { chat, rooms } = this.parts;
    switch (message.type) {
      case 'sendChatMessage':
        return chat.say(account, message, () => this.limits.takeConversation());
      case 'requestChatHistory':
        return chat.history(account, message);
      case 'activateGameRoom':
        return rooms.activate(account, message);
      case 'joinGameRoom':
        return rooms.join(account, message.gameRoomID);
      case 'sendInvite':
        return rooms.invite(account, message.accountID);
    }
  }

  #roomCommand(room: GameRoom, message: ClientMessage): void {
    const { rooms } = this.parts;
    switch (message.type) {
      case 'leaveGameRoom':
        rooms.leave(room, message.accountID);
        break;
      case 'changeRoomDescription':
        rooms.describe(room, message.description);
        break;
      case 'gameStarted':
        rooms.start(room);
    }
  }
}
