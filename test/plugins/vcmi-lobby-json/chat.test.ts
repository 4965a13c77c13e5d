import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import type { ChannelType } from '../../../plugins/vcmi-lobby-json/message-schemas.js';
import type { JsonClient } from './json-client.js';
import { JsonLobbyFixture } from './json-lobby-fixture.js';

const say = (
  client: JsonClient,
  channelType: ChannelType,
  channelName: string,
  messageText: string,
) => client.send({ type: 'sendChatMessage', messageText, channelType, channelName });

const history = async (client: JsonClient, channelType: ChannelType, channelName: string) => {
  client.send({ type: 'requestChatHistory', channelType, channelName });
  const { messages } = await client.hears(
    'chatHistory',
    (message) => message.channelType === channelType && message.channelName === channelName,
  );
  return messages.map(({ displayName, messageText }) => `${displayName}: ${messageText}`);
};

describe('vcmi-lobby-json: chat', () => {
  const fixture = new JsonLobbyFixture();
  afterEach(() => fixture.stop());

  it('of a global channel goes to everybody, the sender included', async () => {
    await fixture.start();
    const [alice, bobby] = [await fixture.player('Alice1'), await fixture.player('Bobby')];
    say(alice, 'global', 'polish', 'Zażółć 😀');
    const expected = {
      type: 'chatMessage',
      messageText: 'Zażółć 😀',
      accountID: alice.accountID,
      displayName: 'Alice1',
      channelType: 'global',
      channelName: 'polish',
    };
    expect(await alice.hears('chatMessage')).to.deep.equal(expected);
    expect(await bobby.hears('chatMessage')).to.deep.equal(expected);
    expect(await history(bobby, 'global', 'polish')).to.deep.equal(['Alice1: Zażółć 😀']);
    expect(await history(bobby, 'global', 'english')).to.deep.equal([]);
  });

  it('names what is wrong with a text or a channel', async () => {
    await fixture.start();
    const alice = await fixture.player('Alice1');
    const failure = (type: ChannelType, name: string, text = 'hi') =>
      say(alice, type, name, text).fails();
    expect(await failure('global', 'klingon')).to.equal('Unknown language!');
    expect(await failure('global', 'english', ' {}\u0007\n')).to.equal(
      'No printable characters in sent message!',
    );
    expect(await failure('global', 'english', 'half \ud83d')).to.equal(
      'String contains invalid characters!',
    );
    for (const id of [randomUUID(), 'x', alice.cookie]) {
      expect(await failure('player', id)).to.equal('Such player does not exists!');
      expect(await failure('match', id)).to.equal('Can not access room you are not part of!');
      alice.send({ type: 'requestChatHistory', channelType: 'match', channelName: id });
      expect(await alice.fails()).to.equal('Can not access room you are not part of!');
      alice.send({ type: 'requestChatHistory', channelType: 'player', channelName: id });
      expect(await alice.fails()).to.equal('Such player does not exists!');
    }
    alice.send({ type: 'requestChatHistory', channelType: 'global', channelName: 'klingon' });
    expect(await alice.fails()).to.equal('Unknown language!');
  });

  it('is stored and sent without control characters, braces, and what is longer than 1,000 characters', async () => {
    await fixture.start();
    const alice = await fixture.player('Alice1');
    say(alice, 'global', 'english', `{#ff0000|red}\u0000${'x'.repeat(5000)}`);
    const { messageText } = await alice.hears('chatMessage');
    expect(messageText).to.equal(`#ff0000|red${'x'.repeat(989)}`);
  });

  it('between two goes to both under the name of the other, waits for whoever is away, and nobody else hears it', async () => {
    await fixture.start();
    const [alice, bobby, carol] = [
      await fixture.player('Alice1'),
      await fixture.player('Bobby'),
      await fixture.player('Carol'),
    ];
    say(alice, 'player', bobby.accountID, 'psst');
    expect((await alice.hears('chatMessage')).channelName).to.equal(bobby.accountID);
    expect((await bobby.hears('chatMessage')).channelName).to.equal(alice.accountID);
    bobby.socket.destroy();
    await alice.hears('activeAccounts', ({ accounts }) => accounts.length === 2);
    say(alice, 'player', bobby.accountID, 'are you there?');
    await alice.hears('chatMessage');
    const back = (await fixture.open()).as(bobby).login();
    await back.hears('matchesHistory');
    expect(await history(back, 'player', alice.accountID)).to.deep.equal([
      'Alice1: psst',
      'Alice1: are you there?',
    ]);
    say(alice, 'player', alice.accountID, 'note to myself');
    const heard = (await alice.sync()).filter(({ type }) => type === 'chatMessage');
    expect(heard).to.have.length(1);
    expect((await carol.sync()).filter(({ type }) => type === 'chatMessage')).to.deep.equal([]);
    expect(await history(carol, 'player', alice.accountID)).to.deep.equal([]);
  });

  it('keeps the newest 100 lines of a channel, oldest first, and global ones for 18 hours', async () => {
    const { clock } = await fixture.start();
    const alice = await fixture.player('Alice1');
    for (let i = 0; i < 130; i++) {
      say(alice, 'global', 'english', `line ${i}`);
      say(alice, 'player', alice.accountID, `note ${i}`);
    }
    await alice.hears('chatMessage', ({ messageText }) => messageText === 'note 129');
    const lines = await history(alice, 'global', 'english');
    expect(lines).to.have.length(100);
    expect([lines[0], lines[99]]).to.deep.equal(['Alice1: line 30', 'Alice1: line 129']);
    clock.jump(18 * 3_600_000);
    expect(await history(alice, 'global', 'english')).to.deep.equal([]);
    expect(await history(alice, 'player', alice.accountID)).to.have.length(100);
  });

  it('lasts as long as retention.chat says', async () => {
    const { clock } = await fixture.start({}, {}, { retention: { chat: '1h' } });
    const alice = await fixture.player('Alice1');
    say(alice, 'player', alice.accountID, 'note');
    await alice.hears('chatMessage');
    clock.jump(3_500_000);
    expect(await history(alice, 'player', alice.accountID)).to.have.length(1);
    clock.jump(200_000);
    expect(await history(alice, 'player', alice.accountID)).to.have.length(0);
  });

  it('makes a sender who is too quick wait, and loses nothing', async () => {
    const { clock } = await fixture.start({ perAddressLimit: 8 });
    const alice = await fixture.player('Alice1');
    const start = clock.monotonic();
    for (let i = 0; i < 24; i++) say(alice, 'global', 'english', `line ${i}`);
    for (let i = 0; i < 24; i++)
      expect((await alice.hears('chatMessage')).messageText).to.equal(`line ${i}`);
    expect(clock.monotonic() - start).to.be.above(3000);
  });

  it('with ever more strangers is limited, with those known already not', async () => {
    const { clock } = await fixture.start({ perAddressLimit: 64 });
    const alice = await fixture.player('Alice1');
    const friends: string[] = [];
    for (let i = 0; i < 22; i++) {
      // New accounts are limited, too.
      if (i === 15) await clock.advance(300_000);
      const client = await fixture.open();
      friends.push((await client.register(`Friend${i}`)).accountID);
      client.socket.destroy();
    }
    const tell = async (friend = '') => {
      say(alice, 'player', friend, 'hello');
      return (await alice.next()).type;
    };
    for (let i = 0; i < 20; i++) expect(await tell(friends[i])).to.equal('chatMessage');
    expect(await tell(friends[20])).to.equal('operationFailed');
    expect(await tell(friends[0])).to.equal('chatMessage');
  });

  it('in a room is kept for its players, and sent on when the match is over', async () => {
    await fixture.start();
    const [alice, bobby, carol] = [
      await fixture.player('Alice1'),
      await fixture.player('Bobby'),
      await fixture.player('Carol'),
    ];
    const { roomID, server } = await fixture.room(alice);
    bobby.send({ type: 'joinGameRoom', gameRoomID: roomID });
    await server.hears('accountJoinsRoom');
    say(alice, 'match', roomID, 'good luck');
    expect((await alice.sync()).filter(({ type }) => type === 'chatMessage')).to.deep.equal([]);
    expect(await history(bobby, 'match', roomID)).to.deep.equal(['Alice1: good luck']);
    server.send({ type: 'gameStarted' });
    server.socket.end();
    await bobby.hears('matchesHistory');
    say(bobby, 'match', roomID, 'good game');
    await alice.hears('chatMessage', ({ messageText }) => messageText === 'good game');
    expect(await history(alice, 'match', roomID)).to.deep.equal([
      'Alice1: good luck',
      'Bobby: good game',
    ]);
    carol.send({ type: 'requestChatHistory', channelType: 'match', channelName: roomID });
    expect(await carol.fails()).to.equal('Can not access room you are not part of!');
  });
});
