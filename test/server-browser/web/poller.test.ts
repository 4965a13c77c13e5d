import { PeerAddress } from 'beaconry';
import type { InfoAnswer } from 'beaconry/a2s-query';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { PollableAddresses } from '../../../server-browser/web/pollable-addresses.js';
import { Poller } from '../../../server-browser/web/poller.js';

const INTERVAL = 30_000;
const info = { answer: 'source', name: 'x' } as unknown as InfoAnswer;
const at = (text: string): PeerAddress => PeerAddress.parse(text) ?? new PeerAddress();

class Servers {
  readonly asked: string[] = [];
  readonly silent = new Set<string>();
  readonly slow: (() => void)[] = [];
  isSlow = false;

  async info({ host, port }: { host: string; port: number }) {
    const key = `${host}:${port}`;
    this.asked.push(`info ${key}`);
    if (this.isSlow) await new Promise<void>((resolve) => this.slow.push(resolve));
    if (this.silent.has(key)) throw new Error('no answer');
    return { info, ping: 12 };
  }
  async players({ host, port }: { host: string; port: number }) {
    this.asked.push(`players ${host}:${port}`);
    return { announced: 0, players: [], ping: 12 };
  }
  async rules({ host, port }: { host: string; port: number }) {
    this.asked.push(`rules ${host}:${port}`);
    return { announced: 0, rules: [], ping: 12 };
  }
}

describe('poller', () => {
  const rig = (inFlight = 100) => {
    const clock = new FakeClock();
    const servers = new Servers();
    const heard: string[] = [];
    const poller = new Poller(
      servers,
      clock,
      { interval: INTERVAL, inFlight },
      {
        answered: (address) => heard.push(`answered ${address}`),
        failed: (address, failures) => heard.push(`failed ${address} ${failures}`),
        detailed: (address) => heard.push(`detailed ${address}`),
      },
    );
    clock.every(200, () => poller.tick());
    return { clock, servers, poller, heard };
  };
  const infos = (servers: Servers) => servers.asked.filter((one) => one.startsWith('info')).length;

  it('asks every server for INFO once per round', async () => {
    const { clock, servers, poller } = rig();
    for (let i = 1; i <= 50; i++) poller.add(at(`192.0.2.${i}:27015`));
    await clock.advance(1000);
    expect(infos(servers)).to.equal(50);
    await clock.advance(2 * INTERVAL);
    const before = infos(servers);
    await clock.advance(10 * INTERVAL);
    expect(infos(servers) - before).to.be.within(490, 500);
    const counts = new Map<string, number>();
    for (const one of servers.asked) counts.set(one, (counts.get(one) ?? 0) + 1);
    expect(Math.max(...counts.values())).to.be.at.most(13);
  });

  it('spreads servers that came together over the round', async () => {
    const { clock, servers, poller } = rig();
    for (let i = 1; i <= 100; i++) poller.add(at(`192.0.2.${i}:27015`));
    await clock.advance(3 * INTERVAL);
    for (let part = 0; part < 10; part++) {
      const before = infos(servers);
      await clock.advance(INTERVAL / 10);
      expect(infos(servers) - before).to.be.within(8, 12);
    }
  });

  it('asks for players and rules first, and then every ten minutes', async () => {
    const { clock, servers, poller } = rig();
    poller.add(at('192.0.2.1:27015'));
    await clock.advance(9 * 60_000);
    expect(servers.asked.filter((one) => one.startsWith('players'))).to.have.lengthOf(1);
    await clock.advance(2 * 60_000);
    expect(servers.asked.filter((one) => one.startsWith('rules'))).to.have.lengthOf(2);
  });

  it('sends nothing because a reader looks; the next turn brings players and rules', async () => {
    const { clock, servers, poller } = rig();
    poller.add(at('192.0.2.1:27015'));
    await clock.advance(1000);
    const before = servers.asked.length;
    for (let i = 0; i < 1000; i++) poller.lookAt('192.0.2.1:27015');
    poller.lookAt('203.0.113.1:27015');
    await clock.advance(INTERVAL - 2000);
    expect(servers.asked).to.have.lengthOf(before);
    await clock.advance(3000);
    expect(servers.asked.slice(before)).to.deep.equal([
      'info 192.0.2.1:27015',
      'players 192.0.2.1:27015',
      'rules 192.0.2.1:27015',
    ]);
  });

  it('asks what readers look at first among servers that are due, for at most 64 of them', async () => {
    const { clock, servers, poller } = rig(8);
    for (let i = 1; i <= 200; i++) poller.add(at(`192.0.2.${i % 250}:${27000 + i}`));
    for (let i = 200; i > 0; i--) poller.lookAt(`192.0.2.${i % 250}:${27000 + i}`);
    servers.isSlow = true;
    await clock.advance(200);
    expect(servers.asked.slice(0, 2)).to.deep.equal([
      'info 192.0.2.137:27137',
      'info 192.0.2.138:27138',
    ]);
  });

  it('asks a silent server less and less often, and at once as often again when it answers', async () => {
    const { clock, servers, poller, heard } = rig();
    servers.silent.add('192.0.2.1:27015');
    poller.add(at('192.0.2.1:27015'));
    await clock.advance(3_600_000);
    expect(infos(servers)).to.be.within(8, 12);
    expect(heard.at(-1)).to.match(/^failed 192\.0\.2\.1:27015 \d+$/);
    servers.silent.clear();
    await clock.advance(600_000);
    const before = infos(servers);
    await clock.advance(10 * INTERVAL);
    expect(infos(servers) - before).to.be.within(9, 10);
  });

  it('has no more questions under way than it may', async () => {
    const { clock, servers, poller } = rig(10);
    servers.isSlow = true;
    for (let i = 1; i <= 100; i++) poller.add(at(`192.0.2.${i}:27015`));
    await clock.advance(5000);
    expect(poller.active).to.equal(10);
    servers.isSlow = false;
    for (const go of servers.slow) go();
    await clock.advance(3000);
    expect(infos(servers)).to.equal(100);
  });

  it('forgets a server that left, also while it is asked', async () => {
    const { clock, servers, poller, heard } = rig();
    servers.isSlow = true;
    poller.add(at('192.0.2.1:27015'));
    await clock.advance(200);
    poller.remove('192.0.2.1:27015');
    for (const go of servers.slow) go();
    await clock.advance(2 * INTERVAL);
    expect(heard).to.deep.equal([]);
    expect(infos(servers)).to.equal(1);
  });
});

describe('addresses that may be asked', () => {
  const allowed = (address: string, ranges: string[] = []) =>
    new PollableAddresses(ranges).includes(at(address));

  it('are public ones', () => {
    expect(allowed('8.8.8.8:27015')).to.equal(true);
    expect(allowed('[2606:4700::1]:27015')).to.equal(true);
  });

  it('are never loopback, private, link-local, multicast or metadata addresses', () => {
    for (const host of [
      '127.0.0.1',
      '10.0.0.1',
      '172.16.0.1',
      '192.168.1.1',
      '169.254.169.254',
      '100.64.0.1',
      '100.100.100.200',
      '224.0.0.1',
      '255.255.255.255',
      '0.0.0.0',
      '[::1]',
      '[fe80::1]',
      '[fd00:ec2::254]',
      '[ff02::1]',
      '[::]',
    ]) {
      expect(allowed(`${host}:27015`), host).to.equal(false);
    }
  });

  it('are those that the configuration lists', () => {
    expect(allowed('10.1.2.3:27015', ['10.0.0.0/8'])).to.equal(true);
    expect(allowed('[fd00::5]:27015', ['fd00::/8'])).to.equal(true);
    expect(allowed('192.168.1.1:27015', ['10.0.0.0/8'])).to.equal(false);
  });
});
