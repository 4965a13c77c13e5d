/** The bad connections of the flood, in a process of their own: `flood-process.js PORT SECONDS`. */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../../plugins/vcmi-lobby/lobby-codec.js';
import { encodePipeHandshake } from '../../../plugins/vcmi-lobby/pipe-codec.js';
import { runFlood } from './flood.js';

const greet = (version: number, name: string, encoding = 'utf8') =>
  encodeFrame(encodeGreeting({ version, encoding, text: Buffer.from(`<GREETINGS>${name}<VER>x`) }));
const say = (text: string) => encodeFrame(Buffer.from(text));

/** Names and rooms of every odd form. */
const ODD = [
  '',
  ' ',
  'a',
  'System',
  'all',
  'room',
  'аlice',
  'ALICE',
  'alice\n',
  ':>>KICK:x:y',
  '<HERE>',
  'a:b:c',
  'x'.repeat(900),
  '\u202egnirts',
  '\0\0\0',
  '😀😀😀',
  'ﬁﬁﬁ',
  '../../etc',
  '%s%s%n',
  '\ud800abc',
  '__proto__',
  'constructor',
  'é́́́́́',
  '１２３',
  'i̇i̇i̇',
];

/** What one connection of the flood does; `i` only makes them differ. */
function misbehave(socket: Socket, i: number): (() => void) | undefined {
  const odd = ODD[i % ODD.length] ?? '';
  const name = i % 3 === 0 ? `flood${i}` : `${odd}${i}`;
  switch (i % 10) {
    case 0:
    case 1:
      return undefined; // silent
    case 2: {
      // A greeting, one byte at a time.
      const bytes = greet(4, name);
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
      socket.write(Buffer.of(0xff, 0xff, 0xff, i & 0x7f));
      return () => {
        socket.write(Buffer.alloc(60_000));
      };
    case 5:
      // Announces much, sends nearly all of it, and waits.
      socket.write(Buffer.concat([Buffer.of(0, 4, 0, 0), Buffer.alloc(1000, '<MSG>')]));
      return undefined;
    case 6:
      socket.write(greet(1 + (i % 5), name, ['utf8', 'cp1251', 'klingon', 'utf7'][i % 4]));
      return () => {
        socket.write(say(`<NEW>${odd}${i}<PSWD>${odd}<COUNT>${i % 11}<MODS>${odd}&${odd};;&`));
        socket.write(say(`<JOIN>${odd}<PSWD>x<READY>${odd}<KICK>alice<HOSTMODE>${odd}`));
      };
    case 7:
      // Logs in and never reads.
      socket.pause();
      socket.write(greet(4, name));
      return () => {
        socket.write(say('<HERE>'.repeat(20)));
      };
    case 8:
      socket.write(
        encodePipeHandshake({
          name: '(client)',
          uuid: randomBytes(18).toString('hex'),
          endianness: 1,
        }),
      );
      return () => {
        socket.write(Buffer.alloc(1000));
      };
    default:
      socket.write(greet(i % 256, name));
      return () => {
        socket.write(say(`<MSG>${odd}:>>KICK:r:alice<MSG>@alice ${odd}<ROOT>users<CHANNEL>${odd}`));
        if (i % 100 === 9) socket.destroy();
      };
  }
}

await runFlood(misbehave);
