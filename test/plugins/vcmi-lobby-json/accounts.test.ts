import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { JsonLobbyFixture } from './json-lobby-fixture.js';

describe('vcmi-lobby-json: accounts', () => {
  const fixture = new JsonLobbyFixture();
  afterEach(() => fixture.stop());

  const register = async (displayName: string): Promise<string> => {
    const client = await fixture.open();
    client.send({ type: 'clientRegister', displayName, language: 'english', version: '1.7.4' });
    return client.fails();
  };

  it('are registered with an id and a cookie, and log in on the same connection', async () => {
    await fixture.start();
    const alice = await (await fixture.open()).register('Alice1');
    expect(alice.accountID).to.match(/^[0-9a-f-]{36}$/);
    expect(alice.cookie).to.match(/^[0-9a-f-]{36}$/);
    alice.login({ language: 'polish' });
    await alice.hears('clientLoginSuccess', (message) => message.displayName === 'Alice1');
    await alice.hears('matchesHistory');
  });

  it('are told everything in order at their login: success, histories, accounts, rooms, matches', async () => {
    await fixture.start();
    const alice = await (await fixture.open()).register('Alice1');
    alice.login({ language: 'polish' });
    const types = async () => {
      const heard = await alice.sync();
      return heard.map((message) =>
        message.type === 'chatHistory' ? message.channelName : message.type,
      );
    };
    expect(await types()).to.deep.equal([
      'clientLoginSuccess',
      'english',
      'polish',
      'activeAccounts',
      'activeGameRooms',
      'matchesHistory',
    ]);
    alice.socket.destroy();
    const again = (await fixture.open())
      .as(alice)
      .login({ languageRooms: ['german', 'klingon', 'german'] });
    const heard = (await again.sync()).filter(({ type }) => type === 'chatHistory');
    expect(
      heard.map((message) => message.type === 'chatHistory' && message.channelName),
    ).to.deep.equal(['german']);
  });

  it('need a name of 4 to 20 ASCII letters and digits that nobody has, in whatever case', async () => {
    await fixture.start();
    await (await fixture.open()).register('Alice1');
    for (const name of [
      '',
      'Bob',
      'a'.repeat(21),
      'with space',
      'Ålice',
      'аlice',
      'a_b_c',
      'system',
      'SYSTEM',
    ]) {
      expect(await register(name), name).to.equal('Illegal account name');
    }
    for (const name of ['Alice1', 'ALICE1', 'alice1']) {
      expect(await register(name), name).to.equal('Account name already in use');
    }
  });

  it('are known by two who ask for the same name at once to exactly one of them', async () => {
    await fixture.start();
    const clients = await Promise.all([1, 2, 3].map(() => fixture.open()));
    for (const client of clients) {
      client.send({
        type: 'clientRegister',
        displayName: 'Alice1',
        language: 'english',
        version: '1',
      });
    }
    const answers = await Promise.all(clients.map((client) => client.next()));
    const types = answers.map(({ type }) => type).sort();
    expect(types).to.deep.equal(['accountCreated', 'operationFailed', 'operationFailed']);
  });

  it('are refused with another cookie or an unknown id, and the connection may try again', async () => {
    await fixture.start();
    const alice = await (await fixture.open()).register('Alice1');
    const { accountID, cookie } = alice;
    alice.cookie = randomUUID();
    expect(await alice.login().fails()).to.equal('Authentication failure');
    for (const wrong of [randomUUID(), 'x', '../name/alice1', '\ud800']) {
      alice.accountID = wrong;
      expect(await alice.login().fails()).to.equal('Account not found');
    }
    alice.accountID = accountID;
    alice.cookie = cookie;
    alice.login();
    await alice.hears('clientLoginSuccess');
  });

  it('have one connection: the older one is closed by a new login and takes nothing along', async () => {
    await fixture.start();
    const alice = await fixture.player('Alice1');
    const second = (await fixture.open()).as(alice).login();
    await second.hears('matchesHistory');
    await alice.isClosed();
    await second.sync();
    second.send({
      type: 'sendChatMessage',
      messageText: 'me again',
      channelType: 'global',
      channelName: 'english',
    });
    await second.hears('chatMessage');
    const third = await fixture.player('Third');
    third.login(); // of another kind now: not heard
    second.socket.destroy();
    const { accounts } = await third.hears(
      'activeAccounts',
      (message) => message.accounts.length === 1,
    );
    expect(accounts[0]).to.deep.equal({
      accountID: third.accountID,
      displayName: 'Third',
      status: 'In Lobby',
    });
  });

  it('come and go in the list of everybody', async () => {
    await fixture.start();
    const alice = await fixture.player('Alice1');
    const bobby = await fixture.player('Bobby');
    await alice.hears('activeAccounts', ({ accounts }) => accounts.length === 2);
    bobby.socket.destroy();
    await alice.hears('activeAccounts', ({ accounts }) => accounts.length === 1);
  });

  it('that never log in are forgotten, and their names are free again', async () => {
    const { clock } = await fixture.start({ unusedAccounts: '1h' });
    const lost = await (await fixture.open()).register('Alice1');
    const used = await fixture.player('Bobby');
    await clock.advance(3_700_000);
    expect(await (await fixture.open()).as(lost).login().fails()).to.equal('Account not found');
    await (await fixture.open()).register('Alice1');
    const again = (await fixture.open()).as(used).login();
    await again.hears('clientLoginSuccess');
    expect(await register('Bobby')).to.equal('Account name already in use');
  });

  it('are as many as the operator allows, online and registered', async () => {
    await fixture.start({ maxAccounts: 2, capacity: 1 });
    const alice = await fixture.player('Alice1');
    const bobby = await (await fixture.open()).register('Bobby');
    expect(await register('Carol')).to.equal('This server takes no new accounts');
    expect(await bobby.login().fails()).to.equal('The server is full, try again later');
    await (await fixture.open()).as(alice).login().hears('clientLoginSuccess');
  });

  it('are limited for each address, as are its connections', async () => {
    await fixture.start({ perAddressLimit: 4 });
    const client = await fixture.open();
    let made = 0;
    for (; made < 30; made++) {
      client.send({
        type: 'clientRegister',
        displayName: `Name${made}`,
        language: 'english',
        version: '1',
      });
      const answer = await client.next();
      if (answer.type !== 'operationFailed') continue;
      expect(answer.reason).to.equal('Too many new accounts from your address, try again later');
      break;
    }
    expect(made).to.be.within(15, 25);
    const others = await Promise.all([1, 2, 3, 4].map(() => fixture.open()));
    await others[3]?.isClosed();
    expect(others[2]?.closed).to.equal(false);
  });
});
