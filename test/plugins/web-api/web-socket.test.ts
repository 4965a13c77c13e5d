import { encodeQuery } from 'beaconry/a2s-query';
import { expect } from 'chai';
import { APP, Frames, WebWorld } from './web-world.js';

describe('/v1/ws', () => {
  let world: WebWorld;
  before(async () => {
    world = await WebWorld.start({ maxServersPerAddress: 200 });
  });
  after(() => world.stop());

  const open = async (hello: object): Promise<{ frames: Frames; seq: number }> => {
    const frames = new Frames(world.socket());
    frames.send({ hello });
    const { welcome } = await frames.next();
    return { frames, seq: welcome.seq };
  };
  const status = (protocol: string | string[], headers?: Record<string, string>) =>
    new Promise<number>((resolve) => {
      world.socket(protocol, headers).once('unexpected-response', (request, response) => {
        resolve(response.statusCode ?? 0);
        request.destroy();
      });
    });

  it('carries calls and signals of a game server', async () => {
    const handle = await world.gameServer({ on: false });
    const { frames } = await open({ handle });
    const token = await world.loginToken();
    frames.send({ id: 1, call: 'SetServerName', args: { name: 'over a socket' } });
    frames.send({ id: 2, call: 'LogOn', args: { token } });
    expect(await frames.next()).deep.equal({ id: 1, result: null });
    expect(await frames.next()).deep.equal({ id: 2, result: null });
    expect(await frames.next()).deep.equal({ seq: 1, signal: 'server_connected', data: {} });
    expect(await frames.next()).deep.equal({
      ...{ seq: 2, signal: 'policy_response', data: { secure: 1 } },
    });
    const { token: bearer, steamId } = await world.player();
    const { ticket } = await world.ticket(bearer);
    frames.send({ id: 'b', call: 'BeginAuthSession', args: { ticket, steamId } });
    expect(await frames.next()).deep.equal({ id: 'b', result: 0 });
    expect(await frames.next()).deep.equal({
      seq: 3,
      signal: 'validate_auth_ticket_response',
      data: { auth_id: steamId, response: 0, owner_id: steamId },
    });
    frames.send({ id: 4, call: 'GetSteamID' });
    expect((await frames.next()).result).match(/^\d{17,}$/);
  });

  it('answers mistakes with a code and lives on', async () => {
    const { frames } = await open({ handle: await world.gameServer({ on: false }) });
    frames.send({ id: 1, call: 'NoSuchCall' });
    expect((await frames.next()).error.code).equal('NO_CALL');
    frames.send({ id: 2, call: 'SetServerName', args: { nome: 'x' } });
    expect((await frames.next()).error.code).equal('INVALID_REQUEST');
    frames.send({ id: 3, call: 'toString' });
    expect((await frames.next()).error.code).equal('NO_CALL');
    frames.send({ call: 'LogOff' });
    expect((await frames.next()).error.code).equal('INVALID_REQUEST');
    frames.socket.send('{');
    expect((await frames.next()).error.code).equal('INVALID_JSON');
    frames.send({ id: 4, call: 'LoggedOn' });
    expect(await frames.next()).deep.equal({ id: 4, result: false });
  });

  it('carries packets of the shared socket as binary frames', async () => {
    const handle = await world.gameServer({ queryPort: 65535 });
    const { frames } = await open({ handle });
    frames.send({ id: 1, call: 'SetAdvertiseServerActive', args: { active: true } });
    await frames.next();
    const packet = (bytes: Uint8Array) =>
      Buffer.concat([Buffer.from([4, 2, 1, 10, 0x7d, 0x69]), bytes]);
    frames.socket.send(packet(encodeQuery('info', null)));
    const challenge = (await frames.next()) as Buffer;
    expect(challenge.subarray(0, 6).toString('hex')).equal('0402010a7d69');
    expect(challenge).have.length(6 + 9);
    frames.socket.send(packet(encodeQuery('rules', challenge.readUInt32LE(11))));
    expect(((await frames.next()) as Buffer).subarray(6, 11).toString('hex')).equal('ffffffff45');
    frames.socket.send(Buffer.from([1, 2]));
    expect((await frames.next()).error.code).equal('MALFORMED');
  });

  it('lets players make and cancel tickets', async () => {
    const { accountKey, steamId } = await world.player();
    const { frames } = await open({ accountKey });
    frames.send({ id: 1, call: 'GetSteamID' });
    expect((await frames.next()).result).equal(steamId);
    frames.send({ id: 2, call: 'GetAuthSessionTicket', args: { appId: APP } });
    const { result } = await frames.until((frame) => frame.id === 2);
    expect(result.ticket).a('string');
    frames.send({ id: 3, call: 'CancelAuthTicket', args: { handle: result.handle } });
    expect(await frames.until((frame) => frame.id === 3)).deep.equal({ id: 3, result: null });
    frames.send({ id: 4, call: 'LogOn', args: {} });
    expect((await frames.until((frame) => frame.id === 4)).error.code).equal('NO_CALL');
  });

  it('tells a player that somebody else took his place, and closes', async () => {
    const { accountKey } = await world.player();
    const { frames } = await open({ accountKey });
    await world.call('POST', '/v1/logon', { body: { accountKey, appId: APP } });
    expect(await frames.next()).deep.include({
      signal: 'server_disconnected',
      data: { result: 34 },
    });
    expect(await frames.close()).equal(4002);
  });

  it('admits nobody without a known credential', async () => {
    for (const [hello, code] of [
      [{ hello: { handle: 'x'.repeat(43) } }, 4001],
      [{ hello: { accountKey: '0'.repeat(64) } }, 4001],
      [{ hello: {} }, 1008],
      [{ hello: { handle: 'x', resume: -1 } }, 1008],
      [{ id: 1, call: 'LogOff' }, 1008],
    ] as const) {
      const frames = new Frames(world.socket());
      frames.send(hello);
      expect((await frames.next()).error).a('object');
      expect(await frames.close(), JSON.stringify(hello)).equal(code);
    }
  });

  it('greets once, whatever comes together with the hello', async () => {
    const handle = await world.gameServer({ on: false });
    const socket = world.socket();
    const frames = new Frames(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    // One segment, so that all of it is read before anybody is admitted.
    const raw = (socket as unknown as { _socket: { cork(): void; uncork(): void } })._socket;
    raw.cork();
    frames.send({ hello: { handle } });
    frames.send({ hello: { handle } });
    frames.send({ id: 1, call: 'SetServerName', args: { name: 'early' } });
    raw.uncork();
    expect(await frames.next()).property('welcome');
    expect((await frames.next()).error.code).equal('INVALID_REQUEST');
    expect(await frames.next()).deep.equal({ id: 1, result: null });
    frames.send({ id: 2, call: 'LogOn', args: {} });
    expect(await frames.next()).deep.equal({ id: 2, result: null });
    const heard = [await frames.next(), await frames.next()];
    expect(heard.map(({ seq }) => seq)).deep.equal([1, 2]);
  });

  it('refuses other sub-protocols, hosts and origins at the upgrade', async () => {
    expect(await status([])).equal(400);
    expect(await status('chat')).equal(400);
    expect(await status('beaconry.v1', { host: 'evil.example' })).equal(421);
    expect(await status('beaconry.v1', { origin: 'https://evil.example' })).equal(403);
  });

  it('closes with 1009 at a frame of more than 64 KiB', async () => {
    const { frames } = await open({ handle: await world.gameServer({ on: false }) });
    frames.socket.send(Buffer.alloc(64 * 1024 + 1));
    expect(await frames.close()).equal(1009);
  });

  it('does not compress', async () => {
    const { frames } = await open({ handle: await world.gameServer({ on: false }) });
    expect(frames.socket.extensions).equal('');
  });

  it('ends sockets when the game server is shut down', async () => {
    const handle = await world.gameServer({ on: false });
    const { frames } = await open({ handle });
    await world.call('DELETE', '/v1/gameservers/self', { bearer: handle });
    expect(await frames.close()).equal(4002);
  });

  it('loses and doubles no signal when it is cut 100 times in mid-traffic', async function () {
    this.timeout(30_000);
    const handle = await world.gameServer();
    const group = (await world.administration.createGroup('g')).toString();
    const sent = new Set<string>();
    const heard: { seq: number; user: string }[] = [];
    let resume = 2;
    let user = 76561197960265729n;
    for (let cut = 0; cut <= 100; cut++) {
      const frames = new Frames(world.socket());
      frames.send({ hello: { handle, resume } });
      const note = (frame: { seq?: number; data?: { steam_id: string } }) => {
        if (frame.seq === undefined) return;
        resume = frame.seq;
        heard.push({ seq: frame.seq, user: frame.data?.steam_id ?? '' });
      };
      expect((await frames.next()).welcome.lost).equal(undefined);
      for (let i = 0; i < 5; i++) {
        const steamId = (user++).toString();
        sent.add(steamId);
        frames.send({ id: i, call: 'RequestUserGroupStatus', args: { steamId, groupId: group } });
      }
      // Some answers are read; the rest comes while nobody is there.
      let answered = 0;
      const last = cut === 100;
      while (answered < 5 || (last && heard.length < sent.size)) {
        const frame = await frames.next();
        if (frame.id !== undefined) answered++;
        else note(frame);
      }
      frames.socket.terminate();
    }
    expect(heard.map(({ seq }) => seq)).deep.equal(heard.map((_, index) => index + 3));
    expect(heard).have.length(505);
    expect(new Set(heard.map(({ user: one }) => one))).deep.equal(sent);
  });
});
