import type { Lobby } from './lobby.js';
import type { Channel, LobbyUser } from './lobby-user.js';
import type { Outcome } from './outcome.js';
import { OutgoingMessage } from './outgoing-message.js';
import type { ServerMessage } from './server-message.js';
import { cleanText } from './shown-text.js';

/** Characters of one line of chat; what is longer is cut. */
export const MAX_CHAT = 1000;

/** What users say to each other, VCMI proxy lobby, section 7. */
export class ChatCommands {
  constructor(private readonly lobby: Lobby) {}

  say(user: LobbyUser, said: string): Outcome {
    const text = cleanText(said, MAX_CHAT);
    if (text.trim() === '') return 'go on';
    if (user.version >= 5) this.#sayInChannel(user, text);
    else this.#sayWithMention(user, text);
    return 'go on';
  }

  /** Version 5: the chosen channel decides, the text goes as it is. `room` outside a room is a talk to oneself. */
  #sayInChannel(user: LobbyUser, text: string): void {
    if (user.channel === 'global') this.#sayToAll(user, text);
    else this.#send(user, 'room', text, user.room?.players ?? [user]);
  }

  /** Versions 1 to 4: `@all `, `@name `, or whoever is near. */
  #sayWithMention(user: LobbyUser, text: string): void {
    const [, mention, rest] = /^@(\S+) (.*)$/s.exec(text) ?? [];
    if (mention === undefined || rest === undefined) this.#sayNearby(user, text);
    else if (rest.trim() === '') return;
    else if (mention === 'all') this.#sayToAll(user, rest);
    else {
      const target = this.lobby.findUser(mention);
      const reachable =
        target !== undefined && (user.room === undefined || target.room === user.room);
      if (!reachable) this.#sayNearby(user, rest);
      else this.#send(user, user.room === undefined ? 'global' : 'room', rest, [target, user]);
    }
  }

  #sayNearby(user: LobbyUser, text: string): void {
    if (user.room === undefined) this.#sayToAll(user, text);
    else this.#send(user, 'room', text, user.room.players);
  }

  #sayToAll(user: LobbyUser, text: string): void {
    this.#send(user, 'global', text, this.lobby.users);
    this.lobby.listener.said(user, text);
  }

  /** The form is chosen by the receiver: MSGCH for version 5, MSG for those before. */
  #send(user: LobbyUser, channel: Channel, text: string, receivers: Iterable<LobbyUser>): void {
    const sender = user.name;
    const plain = new OutgoingMessage({ type: 'MSG', sender, text });
    const channelled = new OutgoingMessage({ type: 'MSGCH', sender, channel, text });
    for (const receiver of new Set(receivers)) {
      receiver.send(receiver.version >= 5 ? channelled : plain);
    }
  }

  channel(user: LobbyUser, name: string): Outcome {
    if (user.version < 5) return 'go on';
    if (name !== 'global' && name !== 'room') {
      user.sendError(`Channel with name ${cleanText(name, 64)} doesn't exist`);
      return 'stop';
    }
    if (user.channel === name) return 'go on';
    user.channel = name;
    user.send({ type: 'CHANNEL', channel: name });
    return 'go on';
  }

  here(user: LobbyUser): Outcome {
    user.send(user.version >= 4 ? this.lobby.usersMessage() : this.#people());
    return 'go on';
  }

  #people(): ServerMessage {
    let text = 'People in lobby';
    for (const { name, room } of this.lobby.users) {
      text += `\n${name}${room === undefined ? '' : `[room ${room.name}]`}`;
    }
    return { type: 'MSG', sender: 'System', text };
  }
}
