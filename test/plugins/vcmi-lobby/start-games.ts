import { connect, type Socket } from 'node:net';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../../plugins/vcmi-lobby/lobby-codec.js';
import { encodePipeHandshake, type PipeRole } from '../../../plugins/vcmi-lobby/pipe-codec.js';

/** The uuids that a pipe of a started game is opened with. */
export interface StartedPair {
  readonly hostUuid: string;
  readonly clientUuid: string;
}

/** Takes two launchers through the lobby to the start of a game; they may come in at two ports. */
export async function startGame(
  port: number,
  number: number,
  guestPort: number = port,
): Promise<StartedPair> {
  const names = [`host${number}`, `guest${number}`];
  const ports = [port, guestPort];
  const sockets = ports.map((at) => connect({ port: at, host: '127.0.0.1', noDelay: true }));
  const texts = ['', ''];
  const hears = (who: 0 | 1, what: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = what.exec(texts[who] ?? '');
        if (found !== null) resolve(found);
      };
      sockets[who]?.on('data', look).once('close', () => reject(new Error(texts[who])));
      look();
    });
  sockets.forEach((socket, i) => {
    // Its end, which follows, is what counts.
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      texts[i] += chunk.toString();
    });
    const text = Buffer.from(`<GREETINGS>${names[i]}<VER>x`);
    socket.write(encodeFrame(encodeGreeting({ version: 4, encoding: 'utf8', text })));
  });
  const say = (who: 0 | 1, text: string) => sockets[who]?.write(encodeFrame(Buffer.from(text)));
  await Promise.all([hears(0, /Here available/), hears(1, /Here available/)]);
  say(0, `<NEW>room${number}<PSWD><COUNT>2`);
  await hears(0, /CREATED/);
  say(1, `<JOIN>room${number}<PSWD>`);
  await hears(1, /GAMEMODE/);
  say(0, `<FORCESTART>room${number}`);
  const [host, guest] = await Promise.all([
    hears(0, /HOST:([0-9a-f-]{36}).*START:.{36}/),
    hears(1, /START:([0-9a-f-]{36})/),
  ]);
  for (const socket of sockets) socket.destroy();
  return { hostUuid: host[1] ?? '', clientUuid: guest[1] ?? '' };
}

/** Opens one end of a pipe and waits until the handshake of the other has come. */
export function openEnd(port: number, role: PipeRole, uuid: string): Promise<Socket> {
  const name = `VCMI 1.4.5 (${role})`;
  const handshake = encodePipeHandshake({ name, uuid, endianness: 1 });
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('close', () => reject(new Error(`pipe ${role} was closed`)));
    socket.on('error', () => {});
    socket.write(handshake);
    let come = Buffer.alloc(0);
    const listen = (chunk: Buffer) => {
      come = Buffer.concat([come, chunk]);
      if (come.length < handshake.length) return;
      socket.off('data', listen);
      socket.pause();
      if (come.length > handshake.length) socket.unshift(come.subarray(handshake.length));
      resolve(socket);
    };
    socket.on('data', listen);
  });
}

export async function openPipe(
  port: number,
  pair: StartedPair,
  guestPort: number = port,
): Promise<[Socket, Socket]> {
  return Promise.all([
    openEnd(port, 'server', pair.hostUuid),
    openEnd(guestPort, 'client', pair.clientUuid),
  ]);
}
