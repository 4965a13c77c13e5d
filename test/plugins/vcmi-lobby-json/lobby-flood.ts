import { setTimeout as sleep } from 'node:timers/promises';
import { type FloodFigures, type Speaker, withstandFlood } from '../vcmi-lobby/flood.js';
import { JsonClient } from './json-client.js';

const NAMES = ['alice', 'bobby'];

/** An account of that name, logged in, which chats in the English channel. */
async function speak(port: number, name: string): Promise<Speaker> {
  const client = await (await JsonClient.open(port, () => sleep(2))).register(name);
  await client.login().hears('matchesHistory');
  const delays: number[] = [];
  client.onMessage = (message) => {
    if (message.type !== 'chatMessage' || message.accountID === client.accountID) return;
    const at = /^line at ([\d.]+)$/.exec(message.messageText)?.[1];
    if (at !== undefined) delays.push(performance.now() - Number(at));
  };
  return {
    socket: client.socket,
    delays,
    say: () =>
      client.send({
        type: 'sendChatMessage',
        messageText: `line at ${performance.now().toFixed(2)}`,
        channelType: 'global',
        channelName: 'english',
      }),
  };
}

/** Two good accounts chat while 2,000 bad connections come. */
export const floodJsonLobby = (seconds: number): Promise<FloodFigures> =>
  withstandFlood({
    // Each line of chat goes to all who are online.
    plugins: { 'vcmi-lobby-json': { perAddressLimit: 0, loginTimeout: '5s', capacity: 250 } },
    driver: 'sqlite',
    endpoint: 'lobby-json',
    process: new URL('flood-process.js', import.meta.url),
    seconds,
    speakers: async (port) => {
      const speakers: Speaker[] = [];
      for (const name of NAMES) speakers.push(await speak(port, name));
      return speakers;
    },
  });
