/**
 * Stands before a UDP game that cannot be changed: browsers' queries on the public port are answered by beaconry from
 * the state that is told with PATCH, all else goes to the game on its private port and back. Node 20 with `ws`:
 * node legacy-sidecar.mjs API-URL HANDLE PUBLIC-PORT GAME-PORT
 * The handle comes from POST /v1/gameservers with gamePort PUBLIC-PORT and queryPort 65535.
 */
import { createSocket } from 'node:dgram';
import { WebSocket } from 'ws';

const [url, handle, publicPort, gamePort] = process.argv.slice(2);
const MAX_PLAYERS = 256;
const IDLE = 60_000;
const outside = createSocket('udp4');
/** One socket to the game for each player, so that it can tell them apart. */
const players = new Map();
let api;

function connect() {
  api = new WebSocket(`${url.replace(/^http/, 'ws')}/v1/ws`, 'beaconry.v1');
  api.on('open', () => api.send(JSON.stringify({ hello: { handle } })));
  api.on('error', () => {});
  api.on('close', () => setTimeout(connect, 1000));
  api.on('message', (frame, isBinary) => {
    if (!isBinary) return;
    const ip = [frame[3], frame[2], frame[1], frame[0]].join('.');
    outside.send(frame.subarray(6), frame.readUInt16LE(4), ip);
  });
}

function toBeaconry(datagram, { address, port }) {
  if (api.readyState !== WebSocket.OPEN) return;
  const head = Buffer.alloc(6);
  head.set(address.split('.').map(Number).reverse());
  head.writeUInt16LE(port, 4);
  api.send(Buffer.concat([head, datagram]));
}

function toGame(datagram, { address, port }) {
  const key = `${address}:${port}`;
  let player = players.get(key);
  if (player === undefined) {
    if (players.size >= MAX_PLAYERS) return;
    const socket = createSocket('udp4');
    socket.on('message', (answer) => outside.send(answer, port, address));
    player = { socket, seen: 0 };
    players.set(key, player);
  }
  player.seen = Date.now();
  player.socket.send(datagram, Number(gamePort), '127.0.0.1');
}

const isQuery = (datagram) =>
  datagram.length >= 5 && datagram.readUInt32LE(0) === 0xffffffff && 'TUVW'.includes(String.fromCharCode(datagram[4]));

/** What the master answers to the request that beaconry had us send: it proves that we are at the public port. */
const isProof = (datagram) =>
  datagram.length === 10 && datagram.readUInt32LE(0) === 0xffffffff && datagram.toString('latin1', 4, 6) === 's\n';

outside.on('message', (datagram, from) =>
  (isQuery(datagram) || isProof(datagram) ? toBeaconry : toGame)(datagram, from),
);
outside.bind(Number(publicPort), () => console.log(`open on ${outside.address().port}`));
setInterval(() => {
  for (const [key, { socket, seen }] of players) {
    if (Date.now() - seen < IDLE) continue;
    socket.close();
    players.delete(key);
  }
}, 10_000);
connect();
