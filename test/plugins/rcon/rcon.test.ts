import { command, definePlugin } from 'beaconry';
import { startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import { encodePacket } from '../../../plugins/rcon/rcon-codec.js';
import { RconClient } from './rcon-client.js';

const password = 'correct horse';
const big = definePlugin({
  name: 'big',
  api: 1,
  commands: [
    command({
      name: 'big-answer',
      doc: 'says much',
      readOnly: true,
      parameters: { length: { doc: 'Length.', format: 'nat', default: null } },
      run: (_context, { length }) => 'ä'.repeat(length),
    }),
  ],
  setup() {},
});

describe('rcon', () => {
  let test: TestServer;
  const clients: RconClient[] = [];
  const start = async (config: Record<string, unknown> = {}) => {
    test = await startTestServer({
      plugins: { bans: {}, big: {}, rcon: { password, ...config } },
      atHand: { big },
    });
  };
  const open = async () => {
    const client = await RconClient.open(test.address('rcon').port, () => test.clock.advance(1));
    clients.push(client);
    return client;
  };
  const audit = () => test.server.audit.newest(100);
  afterEach(async () => {
    for (const { socket } of clients.splice(0)) socket.destroy();
    await test?.stop();
  });

  it('runs the commands of all plugins, and the audit says who it was', async () => {
    await start();
    const client = await open();
    expect(await client.login(password)).equal(true);
    expect(await client.run('ban add 192.0.2.1 "too loud"')).contain('192.0.2.1');
    expect(await client.run('ban list')).contain('too loud');
    const [entry] = await audit();
    expect(entry).include({ by: 'rcon at 127.0.0.1', source: 'rcon' });
    expect(entry?.action).include({ command: 'ban-add', outcome: 'done' });
  });

  it('says what is wrong with a line, and lists all commands', async () => {
    await start();
    const client = await open();
    await client.login(password);
    expect(await client.run('nonsense')).equal(
      'error: unknown command "nonsense"; "help" lists all',
    );
    expect(await client.run('ban add nobody x')).match(/^error: /);
    expect(await client.run('help')).contain('ban-add <subject> <reason>');
    expect(await client.run('')).equal('');
  });

  it('splits a long answer and marks its end, with many lines under way, in their order', async () => {
    await start();
    const client = await open();
    await client.login(password);
    for (const length of [1, 30_000, 5]) {
      expect(await client.run(`big answer ${length}`)).equal('ä'.repeat(length));
    }
    const ids = [3, 30, 300].map((length) => client.send(2, `big answer ${length}`));
    for (const id of ids) expect((await client.next())?.id).equal(id);
  });

  it('answers a wrong password with -1 and ends; after five the address is locked out for a time', async () => {
    await start();
    for (let i = 0; i < 5; i++) {
      const client = await open();
      expect(await client.login(`wrong ${i}`)).equal(false);
      expect(await client.next()).equal(undefined);
    }
    const locked = await open();
    expect(await locked.login(password)).equal(false);
    expect(locked.closed).equal(true);
    const entries = (await audit()).map(({ action }) => action.login);
    expect(entries).deep.equal(['wrong password, locked out', ...Array(4).fill('wrong password')]);
    await test.clock.advance(15 * 60_000);
    expect(await (await open()).login(password)).equal(true);
  });

  it('takes one guess of a connection, however many it sends at once', async () => {
    await start();
    const client = await open();
    for (let i = 0; i < 50; i++) client.send(3, i === 49 ? password : `guess ${i}`);
    const verdicts: (number | undefined)[] = [];
    for (let packet = await client.next(); packet !== undefined; packet = await client.next()) {
      if (packet.type === 2) verdicts.push(packet.id);
    }
    expect(verdicts).deep.equal([-1]);
  });

  it('runs nothing before the login', async () => {
    await start();
    const client = await open();
    client.send(2, 'ban add 192.0.2.1 x');
    expect(await client.next()).include({ id: -1, type: 2 });
    expect(await client.next()).equal(undefined);
    expect(await audit()).deep.equal([]);
  });

  it('cuts off who is not in the allowed ranges, who is late, silent, or one too many', async () => {
    await start({ allow: ['192.0.2.0/24'] });
    expect(await (await open()).next()).equal(undefined);
    await test.stop();
    await start({ maxConnections: 1, loginTimeout: '2s', idleTimeout: '1m' });
    const late = await open();
    // The second is refused only once the first was accepted.
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await (await open()).next()).equal(undefined);
    await test.clock.advance(2000);
    expect(await late.next()).equal(undefined);
    const silent = await open();
    await silent.login(password);
    await test.clock.advance(59_000);
    expect(await silent.run('help')).contain('ban');
    await test.clock.advance(60_000);
    expect(await silent.next()).equal(undefined);
  });

  it('ends a connection that sends what is no packet, a size without end, or a flood', async () => {
    await start();
    for (const bytes of [
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from([0xff, 0xff, 0xff, 0x7f]),
      Buffer.from([1, 0, 0, 0, 1]),
    ]) {
      const client = await open();
      client.socket.write(bytes);
      expect(await client.next()).equal(undefined);
    }
    const flood = await open();
    await flood.login(password);
    const line = encodePacket({ id: 1, type: 2, body: Buffer.from('big answer 10') });
    flood.socket.write(Buffer.concat(Array(100).fill(line)));
    while ((await flood.next()) !== undefined);
    expect(flood.closed).equal(true);
    expect(await (await open()).login(password)).equal(true);
  });

  it('does not start with a password that can be guessed', async () => {
    const failed = await startTestServer({ plugins: { rcon: { password: 'short' } } }).catch(
      (error) => error,
    );
    expect(failed.message).contain('fewer than 8 characters');
  });
});
