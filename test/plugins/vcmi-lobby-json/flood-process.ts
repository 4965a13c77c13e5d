/** The bad connections of the flood, in a process of their own: `flood-process.js PORT SECONDS`. */
import { randomBytes, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeMessage, HEARTBEAT } from '../../../plugins/vcmi-lobby-json/lobby-json-codec.js';
import type { ClientMessage } from '../../../plugins/vcmi-lobby-json/message-schemas.js';
import { runFlood } from '../vcmi-lobby/flood.js';

const frame = (text: string) => encodeFrame(Buffer.from(text));

/** Texts of every odd form. */
const ODD = [
  '',
  ' ',
  'a',
  'System',
  'аlice',
  '../../etc',
  '__proto__',
  'constructor',
  '\0\0\0',
  '\ud800abc',
  '😀😀😀',
  '\u202egnirts',
  '{#ff0000|x}',
  '%s%s%n',
  'x'.repeat(900),
  '"}]}',
];

/** What one connection of the flood does; `i` only makes them differ. */
function misbehave(socket: Socket, i: number): (() => void) | undefined {
  const odd = ODD[i % ODD.length] ?? '';
  const say = (message: ClientMessage) => socket.write(encodeMessage(message));
  const register: ClientMessage = {
    type: 'clientRegister',
    displayName: i % 3 === 0 ? `flood${i}` : `${odd}${i}`,
    language: odd,
    version: odd,
  };
  /** Logs in with what the answer says, then does the rest. */
  const loggedIn = (isReader: boolean, act: (accountID: string, cookie: string) => void) => {
    const name = `flood${i}`;
    say({ ...register, displayName: name });
    let made: RegExpExecArray | null = null;
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      if (made !== null) return;
      text += chunk.toString('latin1');
      made = /"accountID":"([^"]*)","accountCookie":"([^"]*)"/.exec(text);
      const [, accountID = '', accountCookie = ''] = made ?? [];
      if (made === null) return;
      say({ type: 'clientLogin', accountID, accountCookie, language: odd, version: '1.7.4' });
      if (!isReader) socket.pause();
    });
    return () => {
      if (made !== null) act(made[1] ?? '', made[2] ?? '');
    };
  };
  switch (i % 10) {
    case 0:
    case 1:
      return undefined; // silent
    case 2: {
      // A registration, one byte at a time.
      const bytes = encodeMessage(register);
      let at = 0;
      return () => {
        if (at < bytes.length) socket.write(bytes.subarray(at, ++at));
      };
    }
    case 3:
      return () => {
        socket.write(randomBytes(1 + (i % 3000)));
      };
    case 4:
      // Announces much, sends nearly all of it, and waits.
      socket.write(Buffer.of(0, 0, 2, 0));
      socket.write(Buffer.alloc(100_000, '['));
      return () => {
        socket.write(HEARTBEAT);
      };
    case 5:
      socket.write(frame(i % 2 === 0 ? '['.repeat(1000) : `{"type":"${odd}"}`));
      return undefined;
    case 6:
      return loggedIn(true, (accountID, accountCookie) => {
        const gameRoomID = randomUUID();
        say({ type: 'activateGameRoom', hostAccountID: accountID, roomType: 'public' });
        say({ type: 'joinGameRoom', gameRoomID: odd });
        say({ type: 'requestChatHistory', channelType: 'match', channelName: odd });
        const other = connect({ port: socket.remotePort ?? 0, host: '127.0.0.1' });
        other.on('error', () => {});
        other.end(
          encodeMessage({
            type: 'serverLogin',
            gameRoomID,
            accountID,
            accountCookie,
            version: odd,
          }),
        );
        other.resume();
      });
    case 7:
      // Logs in and never reads.
      return loggedIn(false, () => {
        say({ type: 'requestChatHistory', channelType: 'global', channelName: 'english' });
      });
    case 8:
      say({
        type: 'clientProxyLogin',
        accountID: randomUUID(),
        accountCookie: randomUUID(),
        gameRoomID: randomUUID(),
      });
      return () => {
        socket.write(Buffer.alloc(1000));
      };
    default:
      return loggedIn(true, (accountID) => {
        say({
          type: 'sendChatMessage',
          messageText: odd,
          channelType: 'player',
          channelName: accountID,
        });
        socket.write(frame(`{"type":"sendInvite","accountID":"${odd}"`));
        if (i % 100 === 9) socket.destroy();
      });
  }
}

await runFlood(misbehave);
