import { expect } from 'chai';
import { ConnectionState } from '../../../plugins/datagram-relay/agent/connection.js';
import { RelayLab } from './relay-lab.js';

const text = (words: string) => Buffer.from(words);

describe('agents and relays', () => {
  let lab: RelayLab;
  afterEach(() => lab.close());

  it('carries datagrams both ways through one relay', async () => {
    lab = new RelayLab({ bbb: ['5.0.0.2'] });
    const answers: string[] = [];
    await lab.server('5.9.0.1', {}, (connection) => {
      connection.listener = {
        onDatagram: (port, bytes) => connection.send(port, text(`echo ${Buffer.from(bytes)}`)),
      };
    });
    const { agent } = await lab.client('6.0.0.1', () => lab.ticket('5.9.0.1:30000'));
    await lab.clock.advance(1000);
    const connection = await agent.connect('str:server');
    connection.listener = { onDatagram: (_port, bytes) => answers.push(Buffer.from(bytes).toString()) };
    await lab.clock.advance(1000);
    expect(connection.state).equal(ConnectionState.connected);
    connection.send(0, text('hello'));
    await lab.clock.advance(100);
    expect(answers).deep.equal(['echo hello']);
  });
});
