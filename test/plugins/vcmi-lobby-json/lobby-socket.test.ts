import { FakeClock, MemoryConnection } from 'beaconry/testing';
import { expect } from 'chai';
import pino from 'pino';
import { encodeFrame } from '../../../plugins/vcmi-lobby/frame-codec.js';
import { encodeMessage } from '../../../plugins/vcmi-lobby-json/lobby-json-codec.js';
import type { LobbySession, Outcome } from '../../../plugins/vcmi-lobby-json/lobby-session.js';
import { LobbySocket } from '../../../plugins/vcmi-lobby-json/lobby-socket.js';
import type { ClientMessage } from '../../../plugins/vcmi-lobby-json/message-schemas.js';

const line = (messageText: string): ClientMessage => ({
  type: 'sendChatMessage',
  messageText,
  channelType: 'global',
  channelName: 'english',
});
const history: ClientMessage = {
  type: 'requestChatHistory',
  channelType: 'global',
  channelName: 'english',
};

/** A connection of a known account, whose session settles each message when the test says so. */
function connect(takeCommand: () => boolean = () => true) {
  const connection = new MemoryConnection();
  const clock = new FakeClock();
  const handled: ClientMessage[] = [];
  const settle: (() => void)[] = [];
  const session = {
    isLoggedIn: true,
    handle(message: ClientMessage) {
      handled.push(message);
      return new Promise<Outcome>((resolve) => settle.push(() => resolve('go on')));
    },
    gone() {},
  };
  const socket = new LobbySocket(
    connection,
    clock,
    pino({ level: 'silent' }),
    { takeCommand, takeChat: () => true },
    { maxFrame: 100_000, maxQueue: 100_000 },
    { loggedIn() {}, isLarge() {}, becomesProxy() {}, refused() {} },
  );
  socket.begin(session as unknown as LobbySession);
  return { connection, clock, handled, settle };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('vcmi-lobby-json: one connection', () => {
  it('has many lines of chat on their way to the disk at once, in order, and nothing else beside them', async () => {
    const { connection, handled, settle } = connect();
    const all = [line('1'), line('2'), line('3'), history, line('4')];
    connection.send(Buffer.concat(all.map((message) => encodeMessage(message))));
    expect(handled).to.deep.equal(all.slice(0, 3));
    for (const done of settle.splice(0)) done();
    await turn();
    expect(handled, 'the history has them').to.deep.equal(all.slice(0, 4));
    for (const done of settle.splice(0)) done();
    await turn();
    expect(handled).to.deep.equal(all);
  });

  it('has a bounded number of them, and is not read while more have come than is read ahead', async () => {
    const { connection, handled, settle } = connect();
    const text = 'x'.repeat(900);
    for (let i = 0; i < 1000; i++) connection.send(encodeMessage(line(text)));
    expect(handled).to.have.length(64);
    for (let i = 0; i < 1000 && handled.length < 1000; i++) {
      for (const done of settle.splice(0)) done();
      await turn();
    }
    expect(handled).to.have.length(1000);
  });

  it('pays for what is no message as for one', async () => {
    let tokens = 3;
    const { connection, clock, handled } = connect(() => tokens-- > 0);
    for (let i = 0; i < 5; i++) connection.send(encodeFrame(Buffer.from('{"type":"nothing"}')));
    connection.send(encodeMessage(history));
    expect(handled, 'it has to wait').to.deep.equal([]);
    tokens = 10;
    await clock.advance(100);
    expect(handled).to.deep.equal([history]);
  });
});
