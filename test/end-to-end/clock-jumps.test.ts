import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { challengeAt, encodeQuery } from 'beaconry/a2s-query';
import { Bans } from 'beaconry/plugins/bans';
import { Registrations } from 'beaconry/plugins/master';
import { SteamAdministration, SteamBackend } from 'beaconry/plugins/steam-backend';
import { RelayClient } from 'beaconry/relay-client';
import { SteamClient } from 'beaconry/steam-client';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodeFrame } from '../../plugins/vcmi-lobby/frame-codec.js';
import { encodeGreeting } from '../../plugins/vcmi-lobby/lobby-codec.js';
import { eventually } from '../core/store/eventually.js';
import { silentLog } from '../core/store/silent-log.js';

const APP = 480;
const DAY = 86_400_000;
const GAME = '192.0.2.7:27015';

for (const [name, jump] of [
  ['a day ahead', DAY],
  ['a day back', -DAY],
] as const) {
  describe(`a server whose clock is set ${name}`, () => {
    let test: TestServer;
    const closings: (() => void)[] = [];

    const talker = async (user: string): Promise<{ readonly socket: Socket; text: string }> => {
      const socket = connect({ port: test.address('lobby').port, host: '127.0.0.1' });
      closings.push(() => socket.destroy());
      const talker = { socket, text: '' };
      socket.on('data', (chunk) => {
        talker.text += chunk;
      });
      await once(socket, 'connect');
      const text = Buffer.from(`<GREETINGS>${user}<VER>x`);
      socket.write(encodeFrame(encodeGreeting({ version: 4, encoding: 'utf8', text })));
      await eventually(() => talker.text.includes('Here available'));
      return talker;
    };
    const join = (): void => {
      const [given] = test.ask('master', Buffer.from('q'), GAME);
      const challenge = Buffer.from(given as Uint8Array).readInt32LE(6);
      const said = `0\n\\protocol\\7\\challenge\\${challenge}\\players\\1\\max\\8\\gamedir\\cstrike\\map\\x\\product\\cstrike\\version\\1\n`;
      test.ask('master', Buffer.from(said), GAME);
    };
    const lastSeen = () => test.get(Registrations).list('')[0]?.lastSeen;
    const query = (): number | undefined => {
      const [given] = test.ask('game', encodeQuery('info', null), GAME);
      const challenge = challengeAt(given as Uint8Array, 5);
      return test.ask('game', encodeQuery('info', challenge), GAME)[0]?.[4];
    };

    beforeEach(async () => {
      test = await startTestServer({
        plugins: {
          ...{ 'game-server': {}, a2s: {}, browser: {}, bans: {}, relay: {}, 'vcmi-lobby': {} },
          master: { verify: 'off' },
          'steam-backend': { freeApps: 'all', readyDelay: '0s' },
        },
      });
    });
    afterEach(async () => {
      for (const close of closings.splice(0)) close();
      await test.stop();
    });

    it('keeps its list and takes new challenges', async () => {
      join();
      expect(query()).to.equal('I'.charCodeAt(0));
      const before = lastSeen();
      expect(before).to.not.equal(undefined);
      test.clock.jump(jump);
      await test.clock.advance(5000);
      expect(query()).to.equal('I'.charCodeAt(0));
      join();
      expect(lastSeen()).to.equal((before ?? 0) + jump + 5000);
      const { items } = (await test.request('/v1/servers')).json() as { items: unknown[] };
      expect(items).to.have.length(1);
    });

    it('keeps who is in the lobby and at the relay', async () => {
      const one = await talker('one');
      const heard: string[] = [];
      const peer = await RelayClient.connect(`tcp://${test.address('relay')}`, {
        onMessage: ({ payload }) => heard.push(String(payload)),
      });
      closings.push(() => peer.close());
      test.clock.jump(jump);
      await test.clock.advance(5000);
      const other = await talker('other');
      other.socket.write(encodeFrame(Buffer.from('<MSG>still here')));
      await eventually(() => one.text.includes('still here'));
      peer.send(peer.id, 'to myself');
      await eventually(() => heard.includes('to myself'));
    });

    it('ends bans when their time is over by its clock, and no others', async () => {
      const bans = test.get(Bans);
      const until = test.clock.now() + 3_600_000;
      const subject = { kind: 'address', cidr: '192.0.2.9/32' } as const;
      await bans.add({ subject: subject.cidr, reason: '', by: 'test', until });
      await bans.add({ subject: '192.0.2.10/32', reason: '', by: 'test' });
      test.clock.jump(jump);
      await test.clock.advance(2000);
      expect(bans.find(subject) === undefined).to.equal(jump > 0);
      expect(bans.find({ kind: 'address', cidr: '192.0.2.10/32' })).to.not.equal(undefined);
    });

    it('keeps players logged on, whose new tickets get in and whose used ones do not', async () => {
      const { clock } = test;
      const backend = test.get(SteamBackend);
      const clients = await Promise.all(
        [0, 1].map(async () => {
          const { accountKey } = await test.get(SteamAdministration).createAccount();
          const client = new SteamClient({ backend, clock, log: silentLog });
          closings.push(() => client.close());
          await client.logOn({ accountKey });
          return client;
        }),
      );
      const [player, verifier] = clients as [SteamClient, SteamClient];
      const shown = async (bytes: Uint8Array): Promise<number> => {
        expect(verifier.beginAuthSession(bytes, player.steamId, APP)).to.equal(0);
        const verdict = verifier.waitForVerdict(player.steamId, 5000);
        await clock.advance(10);
        const { response } = await verdict;
        verifier.endAuthSession(player.steamId);
        await clock.advance(10);
        return response;
      };
      const ticket = async (): Promise<Uint8Array> => {
        const asked = player.getAuthSessionTicket(APP);
        await clock.advance(10);
        return (await asked).bytes;
      };
      const used = await ticket();
      expect(await shown(used)).to.equal(0);
      clock.jump(jump);
      await clock.advance(5000);
      expect([player.loggedOn, verifier.loggedOn]).to.deep.equal([true, true]);
      expect(await shown(await ticket())).to.equal(0);
      expect(await shown(used)).to.not.equal(0);
    });
  });
}
