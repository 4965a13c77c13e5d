export interface RoomLine {
  readonly name: string;
  readonly joined: number;
  readonly total: number;
  readonly protected: boolean;
}
export interface ModLine {
  readonly name: string;
  readonly version: string;
}
export interface StatusLine {
  readonly user: string;
  readonly ready: boolean;
}

/** Everything the server says, VCMI proxy lobby, section 6. */
export type ServerMessage =
  | { readonly type: 'SESSIONS'; readonly rooms: readonly RoomLine[] }
  | { readonly type: 'USERS'; readonly users: readonly string[] }
  | { readonly type: 'CREATED'; readonly room: string }
  | { readonly type: 'JOIN' | 'KICK'; readonly room: string; readonly user: string }
  | { readonly type: 'STATUS'; readonly players: readonly StatusLine[] }
  | { readonly type: 'MODS'; readonly mods: readonly ModLine[] }
  | { readonly type: 'MODSOTHER'; readonly user: string; readonly mods: readonly ModLine[] }
  | { readonly type: 'GAMEMODE'; readonly mode: number }
  | { readonly type: 'HOST'; readonly uuid: string; readonly connections: number }
  | { readonly type: 'START'; readonly uuid: string }
  | { readonly type: 'MSG'; readonly sender: string; readonly text: string }
  | {
      readonly type: 'MSGCH';
      readonly sender: string;
      readonly channel: string;
      readonly text: string;
    }
  | { readonly type: 'CHANNEL'; readonly channel: string }
  | { readonly type: 'HEALTH' }
  | { readonly type: 'ERROR'; readonly text: string };

/** Text of one message. Whatever is put in, the result is one message for a client that splits at `:>>` and `:`. */
export function encodeServerMessage(message: ServerMessage): string {
  switch (message.type) {
    case 'SESSIONS':
      return write(message.type, [
        message.rooms.length,
        ...message.rooms.flatMap((room) => [
          field(room.name),
          room.joined,
          room.total,
          truth(room.protected),
        ]),
      ]);
    case 'USERS':
      return write(message.type, [message.users.length, ...message.users.map(field)]);
    case 'CREATED':
      return write(message.type, [field(message.room)]);
    case 'JOIN':
    case 'KICK':
      return write(message.type, [field(message.room), field(message.user)]);
    case 'STATUS':
      return write(message.type, [
        message.players.length,
        ...message.players.flatMap(({ user, ready }) => [field(user), truth(ready)]),
      ]);
    case 'MODS':
      return write(message.type, [message.mods.length, ...modFields(message.mods)]);
    case 'MODSOTHER':
      return write(message.type, [
        field(message.user),
        message.mods.length,
        ...modFields(message.mods),
      ]);
    case 'GAMEMODE':
      return write(message.type, [message.mode]);
    case 'HOST':
      return write(message.type, [field(message.uuid), message.connections]);
    case 'START':
      return write(message.type, [field(message.uuid)]);
    case 'MSG':
      return write(message.type, [field(message.sender), tail(message.text)]);
    case 'MSGCH':
      return write(message.type, [
        field(message.sender),
        field(message.channel),
        tail(message.text),
      ]);
    case 'CHANNEL':
      return write(message.type, [field(message.channel)]);
    case 'HEALTH':
      return write(message.type, ['']);
    case 'ERROR':
      // COMPAT: clients show only what stands before the first colon.
      return write(message.type, [tail(message.text.replaceAll(':', ''))]);
  }
}

const write = (type: string, fields: readonly (string | number)[]): string =>
  `:>>${type}:${fields.join(':')}`;
const truth = (value: boolean): string => (value ? 'True' : 'False');
const modFields = (mods: readonly ModLine[]): string[] =>
  mods.flatMap(({ name, version }) => [field(name), field(version)]);

/** A value in the middle of a message: no separator may be in it, nor may it complete one. */
const field = (text: string): string => text.replaceAll(':', '').replace(/^>+/, '');

/** Text at the end of a message: colons are free, but `:>>` would begin another message. */
const tail = (text: string): string => text.replace(/(^|:)>{2,}/g, '$1>');
