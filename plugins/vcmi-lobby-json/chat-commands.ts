import { type ChatLine, channelKey } from './chat-history.js';
import { ageSeconds } from './game-room.js';
import type { JsonLobby } from './json-lobby.js';
import { encodeMessage } from './lobby-json-codec.js';
import type { ChannelType, ServerMessage } from './message-schemas.js';
import type { OnlineAccount } from './online-account.js';
import { cleanChat, isUuid, isWhole, LANGUAGES } from './text-rules.js';

/** Characters of one line of chat; what is longer is cut. */
export const MAX_CHAT = 1000;

interface Where {
  readonly channelType: ChannelType;
  readonly channelName: string;
}

/** What accounts say to each other, VCMI global lobby, section 4. A line is on disk before anybody hears it. */
export class ChatCommands {
  constructor(private readonly lobby: JsonLobby) {}

  async say(
    account: OnlineAccount,
    { messageText, ...where }: Where & { readonly messageText: string },
    takeConversation: () => boolean,
  ): Promise<void> {
    if (!isWhole(messageText)) return account.fail('String contains invalid characters!');
    const text = cleanChat(messageText, MAX_CHAT);
    if (text.trim() === '') return account.fail('No printable characters in sent message!');
    if (where.channelType === 'global') await this.#sayToAll(account, where, text);
    else if (where.channelType === 'match') await this.#sayInMatch(account, where, text);
    else await this.#sayToPlayer(account, where, text, takeConversation);
  }

  async #sayToAll(account: OnlineAccount, where: Where, text: string): Promise<void> {
    if (!LANGUAGES.has(where.channelName)) return account.fail('Unknown language!');
    await this.#keep(account, channelKey('global', where.channelName), text);
    this.lobby.sendToAll(chatMessage(account, where, text));
    this.lobby.parts.listener.said(account, text);
  }

  /** During a match its match server brings the chat to the players; here it is only kept. */
  async #sayInMatch(account: OnlineAccount, where: Where, text: string): Promise<void> {
    const players = await this.#playersOf(account, where.channelName);
    if (players === undefined) {
      return account.fail('Can not access room you are not part of!');
    }
    await this.#keep(account, channelKey('match', where.channelName), text);
    if (this.lobby.rooms.has(where.channelName)) return;
    const bytes = encodeMessage(chatMessage(account, where, text));
    for (const accountID of players) this.lobby.online.get(accountID)?.send(bytes);
  }

  async #sayToPlayer(
    account: OnlineAccount,
    where: Where,
    text: string,
    takeConversation: () => boolean,
  ): Promise<void> {
    const { online, parts } = this.lobby;
    const { channelType, channelName: receiver } = where;
    if (!(await this.#exists(receiver))) return account.fail('Such player does not exists!');
    const key = conversationKey(account.accountID, receiver);
    const lines = await parts.history.open(key);
    if (lines().length === 0 && !takeConversation()) {
      return account.fail('Too many new conversations, try again later');
    }
    await this.#keep(account, key, text);
    account.send(chatMessage(account, where, text));
    if (receiver === account.accountID) return;
    const channelName = account.accountID;
    online.get(receiver)?.send(chatMessage(account, { channelType, channelName }, text));
  }

  async history(account: OnlineAccount, { channelType, channelName }: Where): Promise<void> {
    let key = channelKey(channelType, channelName);
    if (channelType === 'global') {
      if (!LANGUAGES.has(channelName)) return account.fail('Unknown language!');
    } else if (channelType === 'match') {
      if ((await this.#playersOf(account, channelName)) === undefined) {
        return account.fail('Can not access room you are not part of!');
      }
    } else {
      if (!(await this.#exists(channelName))) return account.fail('Such player does not exists!');
      key = conversationKey(account.accountID, channelName);
    }
    const lines = await this.lobby.parts.history.open(key);
    // Nobody hears a line again that was in the history.
    this.lobby.flushBroadcast();
    account.send(this.historyMessage({ channelType, channelName }, lines()));
  }

  historyMessage(where: Where, lines: readonly ChatLine[]): ServerMessage {
    const now = this.lobby.parts.clock.now();
    const messages = lines.map(({ accountID, displayName, messageText, at }) => ({
      accountID,
      displayName,
      messageText,
      ageSeconds: ageSeconds(at, now),
    }));
    return { type: 'chatHistory', ...where, messages };
  }

  #keep({ accountID, displayName }: OnlineAccount, key: string, text: string): Promise<void> {
    const { history, clock } = this.lobby.parts;
    return history.append(key, { accountID, displayName, messageText: text, at: clock.now() });
  }

  async #exists(accountID: string): Promise<boolean> {
    const { online, parts } = this.lobby;
    return online.has(accountID) || (await parts.accounts.find(accountID)) !== undefined;
  }

  /** Ids of the players of a room or of a match that is over; undefined when the account is none of them. */
  async #playersOf(
    { accountID }: OnlineAccount,
    roomID: string,
  ): Promise<readonly string[] | undefined> {
    if (!isUuid(roomID)) return undefined;
    const room = this.lobby.rooms.get(roomID);
    const past = room === undefined ? await this.lobby.parts.archive.find(roomID) : undefined;
    const players = room?.participants.keys() ?? past?.participants.map((one) => one.accountID);
    const ids = [...(players ?? [])];
    return ids.includes(accountID) ? ids : undefined;
  }
}

/** One channel for both, whoever speaks first. */
const conversationKey = (one: string, other: string): string =>
  channelKey('player', one < other ? `${one}_${other}` : `${other}_${one}`);

const chatMessage = (
  { accountID, displayName }: OnlineAccount,
  { channelType, channelName }: Where,
  messageText: string,
): ServerMessage => ({
  type: 'chatMessage',
  messageText,
  accountID,
  displayName,
  channelType,
  channelName,
});
