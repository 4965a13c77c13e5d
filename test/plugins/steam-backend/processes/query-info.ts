import { QueryClient, UdpSocket } from 'beaconry/a2s-query';

/** A2S_INFO of a game server on loopback. */
export async function queryInfo(port: number): Promise<{ readonly players: number }> {
  const socket = new UdpSocket();
  const client = new QueryClient(socket);
  try {
    const { info } = await client.info({ host: '127.0.0.1', port });
    return { players: 'players' in info ? info.players : Number.NaN };
  } finally {
    client.close();
    await socket.close();
  }
}
