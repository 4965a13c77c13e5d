/** Runs a server, lets one player in and waits until he is refused: URL LOGIN-TOKEN TICKET STEAMID. */
import { GameServerClient, type Signal } from './game-server-client.js';

const [url = '', token = '', ticket = '', steamId = ''] = process.argv.slice(2);
let refused = (_signal: Signal) => {};
const refusal = new Promise<Signal>((resolve) => {
  refused = resolve;
});
const server = await GameServerClient.init(
  url,
  { appId: 480, version: '1.0.0.0', gamePort: 27015, queryPort: 27016 },
  (signal) => {
    if (signal.signal === 'validate_auth_ticket_response' && signal.data.response !== 0) {
      refused(signal);
    }
  },
);
const { steamId: own } = await server.logOn(token);
console.log(`logged on ${own !== '0'}`);
await server.set({ name: 'From TypeScript', map: 'dust', maxPlayers: 8, tags: ['ts'], advertise: true });
await server.setRules({ language: 'TypeScript' });
const { beginResult, verdict } = await server.beginSession(ticket, steamId);
console.log(`begin ${beginResult} verdict ${verdict.response}`);
await server.showPlayer(steamId, 'Ann', 3);
console.log(`signal ${(await refusal).data.response}`);
await server.endSession(steamId);
await server.logOff();
await server.shutDown();
console.log('done');
