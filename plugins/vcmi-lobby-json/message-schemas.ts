import { type Static, type TProperties, Type } from 'typebox';

/** One type of message: its members, all required unless optional, and no others. VCMI global lobby, section 3. */
const message = <const N extends string, P extends TProperties>(name: N, members: P) =>
  Type.Object({ type: Type.Literal(name), ...members }, { additionalProperties: false });
const strict = <P extends TProperties>(members: P) =>
  Type.Object(members, { additionalProperties: false });

const text = Type.String();
const channel = {
  channelType: Type.Union([Type.Literal('global'), Type.Literal('match'), Type.Literal('player')]),
  channelName: text,
};

const Account = strict({ accountID: text, displayName: text });
const Mod = strict({
  modId: text,
  name: text,
  version: text,
  /** Only for submods. */
  parent: Type.Optional(text),
});
const Room = strict({
  gameRoomID: text,
  hostAccountID: text,
  hostAccountDisplayName: text,
  description: text,
  version: text,
  status: Type.Union([
    Type.Literal('idle'),
    Type.Literal('public'),
    Type.Literal('private'),
    Type.Literal('busy'),
    Type.Literal('cancelled'),
    Type.Literal('closed'),
  ]),
  playerLimit: Type.Number(),
  ageSeconds: Type.Number(),
  // COMPAT: the original leaves out arrays in which nothing was put.
  participants: Type.Optional(Type.Array(Account)),
  invited: Type.Optional(Type.Array(Account)),
  mods: Type.Optional(Type.Array(Mod)),
});

/** What game clients and match servers send. */
export const clientSchemas = [
  message('clientRegister', { displayName: text, language: text, version: text }),
  message('clientLogin', {
    accountID: text,
    accountCookie: text,
    language: text,
    version: text,
    languageRooms: Type.Optional(Type.Array(text)),
  }),
  message('clientProxyLogin', { accountID: text, accountCookie: text, gameRoomID: text }),
  message('sendChatMessage', { messageText: text, ...channel }),
  message('requestChatHistory', channel),
  message('activateGameRoom', {
    hostAccountID: text,
    roomType: text,
    playerLimit: Type.Optional(Type.Integer({ minimum: 1, maximum: 8 })),
  }),
  message('joinGameRoom', { gameRoomID: text }),
  message('sendInvite', { accountID: text }),
  message('serverLogin', {
    gameRoomID: text,
    accountID: text,
    accountCookie: text,
    version: text,
    mods: Type.Optional(Type.Array(Mod)),
  }),
  message('serverProxyLogin', { gameRoomID: text, guestAccountID: text, accountCookie: text }),
  message('leaveGameRoom', { accountID: text }),
  message('changeRoomDescription', { description: text }),
  message('gameStarted', {}),
] as const;

/** What the lobby sends to game clients and to match servers. */
export const serverSchemas = [
  message('accountCreated', { accountID: text, accountCookie: text }),
  message('clientLoginSuccess', { accountCookie: text, displayName: text }),
  message('operationFailed', { reason: text }),
  message('chatHistory', {
    ...channel,
    messages: Type.Array(
      strict({
        accountID: text,
        displayName: text,
        messageText: text,
        ageSeconds: Type.Number(),
      }),
    ),
  }),
  message('chatMessage', { messageText: text, accountID: text, displayName: text, ...channel }),
  message('activeAccounts', {
    accounts: Type.Array(strict({ accountID: text, displayName: text, status: text })),
  }),
  message('activeGameRooms', { gameRooms: Type.Array(Room) }),
  message('updateGameRoom', { room: Room }),
  message('matchesHistory', { matchesHistory: Type.Array(Room) }),
  message('joinRoomSuccess', { gameRoomID: text, proxyMode: Type.Boolean() }),
  message('inviteReceived', { accountID: text, gameRoomID: text }),
  message('serverLoginSuccess', { accountCookie: text }),
  message('accountJoinsRoom', { accountID: text }),
] as const;

export type ClientMessage = Static<(typeof clientSchemas)[number]>;
export type ServerMessage = Static<(typeof serverSchemas)[number]>;
export type AccountLine = Static<typeof Account>;
export type ModLine = Static<typeof Mod>;
export type RoomLine = Static<typeof Room>;
export type RoomStatus = RoomLine['status'];
export type ChannelType = 'global' | 'match' | 'player';
