import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { decodeMasterMessage } from '../../../server-browser/master/heartbeat-codec.js';

const outside = '203.0.113.7:27015';
const inside = '10.0.0.5:27015';

describe('the Steam Web API of a server with registrations from inside', () => {
  let test: TestServer;
  afterEach(() => test.stop());

  const start = async (http: string, master: Record<string, unknown> = { verify: 'off' }) => {
    test = await startTestServer({
      plugins: {
        'game-server': {},
        'steam-backend': { accounts: 'self-service' },
        'web-api': {},
        master,
      },
      endpoints: { http: { http }, master: { udp: '0.0.0.0:0' } },
    });
    for (const from of [inside, '10.0.0.5:27016', outside, '203.0.113.8:27015']) join(from);
  };
  const join = (from: string): void => {
    const [given] = test.ask('master', Buffer.from('q'), from);
    const answer = decodeMasterMessage(given ?? new Uint8Array());
    const challenge = answer.kind === 'challenge' ? answer.challenge : 0;
    const text = `0\n\\protocol\\7\\challenge\\${challenge}\\players\\3\\max\\16\n`;
    test.ask('master', Buffer.from(text), from);
  };
  const list = async () => addresses('/IGameServersService/GetServerList/v1/');
  const at = async (addr: string) =>
    addresses(`/ISteamApps/GetServersAtAddress/v1/?addr=${encodeURIComponent(addr)}`);
  const addresses = async (url: string): Promise<string[]> => {
    const { response } = (await test.request(url)).json();
    return (response.servers ?? []).map(({ addr }: { addr: string }) => addr);
  };

  it('never lists to others what only the local network can reach', async () => {
    await start('0.0.0.0:0');
    expect(await list()).deep.equal([outside, '203.0.113.8:27015']);
    expect(await at('10.0.0.5')).deep.equal([]);
    expect(await at(inside)).deep.equal([]);
    expect(await at('203.0.113.7')).deep.equal([outside]);
    expect(await at(outside)).deep.equal([outside]);
  });

  it('lists all of them where only this machine asks', async () => {
    await start('127.0.0.1:0');
    expect(await list()).deep.equal([inside, '10.0.0.5:27016', outside, '203.0.113.8:27015']);
    expect(await at('10.0.0.5')).deep.equal([inside, '10.0.0.5:27016']);
    expect(await at('10.0.0.5:27016')).deep.equal(['10.0.0.5:27016']);
    expect(await at('10.0.0.5:27017')).deep.equal([]);
  });

  it('does not know at an address what the master keeps out of lists', async () => {
    await start('0.0.0.0:0', { verify: 'a2s' });
    expect(await at(outside)).deep.equal([]);
  });
});
