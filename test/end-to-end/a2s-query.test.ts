import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { QueryClient, QueryError, UdpSocket } from 'beaconry/a2s-query';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';

const hasIPv6 = async (): Promise<boolean> => {
  const probe = createSocket('udp6');
  probe.bind(0, '::1');
  const bound = await Promise.race([
    once(probe, 'listening').then(() => true),
    once(probe, 'error').then(() => false),
  ]);
  probe.close();
  return bound;
};

describe('QueryClient over real sockets', () => {
  let server: TestServer | undefined;
  const socket = () => {
    const opened = new UdpSocket();
    sockets.push(opened);
    return opened;
  };
  const sockets: UdpSocket[] = [];
  afterEach(async () => {
    await Promise.all(sockets.splice(0).map((opened) => opened.close()));
    await server?.stop();
    server = undefined;
  });

  const start = async (host: string) => {
    const values = Object.fromEntries(
      Array.from({ length: 300 }, (_, i) => [`rule_${i}`, `value ${i}`]),
    );
    server = await startTestServer({
      real: true,
      endpoints: { game: { udp: `${host}:0` } },
      plugins: {
        'game-server': { name: 'Loopback', players: [{ name: 'alice', score: 3, duration: 5 }] },
        rules: { values },
        a2s: {},
      },
    });
    const { host: bound, port } = server.address('game');
    return { host: bound, port };
  };

  for (const host of ['127.0.0.1', '[::1]']) {
    it(`gets info, players and rules in pieces from a server on ${host}`, async function () {
      if (host === '[::1]' && !(await hasIPv6())) {
        console.log('      skipped: needs IPv6 on loopback');
        this.skip();
      }
      const client = new QueryClient(socket());
      const report = await client.query(await start(host), { players: true, rules: true });
      client.close();
      expect(report.info.name).to.equal('Loopback');
      expect(report.players?.players.map(({ name }) => name)).to.deep.equal(['alice']);
      expect(report.rules?.rules).to.have.length(300);
      expect(report.ping).to.be.within(0, 1000);
    });
  }

  it('says which address is no address', async () => {
    const client = new QueryClient(socket());
    const error = await client.info({ host: 'play.example', port: 1 }).catch((thrown) => thrown);
    client.close();
    expect(error).to.be.instanceOf(QueryError);
    expect((error as QueryError).code).to.equal('BAD_ADDRESS');
  });
});
