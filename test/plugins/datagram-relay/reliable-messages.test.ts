import { expect } from 'chai';
import type { AgentControl } from '../../../plugins/datagram-relay/agent/agent-control-codec.js';
import { ReliableMessages } from '../../../plugins/datagram-relay/agent/reliable-messages.js';

describe('reliable messages of an agent', () => {
  const receiver = () => {
    const messages: string[] = [];
    const sent: AgentControl[] = [];
    const reliable = new ReliableMessages(
      (control) => sent.push(control),
      (bytes) => messages.push(Buffer.from(bytes).toString()),
    );
    const segment = (number: number, text: string, last: boolean) =>
      reliable.segment({ type: 'segment', number, last, bytes: Buffer.from(text) });
    return { reliable, messages, sent, segment };
  };

  it('come out whole and in order, an empty one too', () => {
    const { messages, segment } = receiver();
    segment(2, '', true);
    segment(1, 'lo', true);
    segment(0, 'hel', false);
    expect(messages).deep.equal(['hello', '']);
  });

  it('take no endless row of segments without bytes', () => {
    const { reliable, messages, sent, segment } = receiver();
    for (let number = 0; number < 1000; number++) segment(number, '', false);
    reliable.tick(0, 100);
    expect(messages).deep.equal([]);
    expect(sent).deep.equal([{ type: 'acknowledge', next: 0, following: 0 }]);
  });

  it('send again at once what later ones overtook', () => {
    const { reliable, sent } = receiver();
    reliable.push(Buffer.alloc(3000, 'x'));
    while (reliable.hasNext) reliable.sendNext(0);
    expect(sent.length).equal(3);
    reliable.tick(10, 40);
    reliable.acknowledged({ type: 'acknowledge', next: 0, following: 0b11 }, 60);
    const numbers = sent.map((control) => control.type === 'segment' && control.number);
    expect(numbers).deep.equal([0, 1, 2, 0]);
  });

  it('are not changed by a sender that uses its memory again', () => {
    const { reliable, sent } = receiver();
    const memory = Buffer.from('mine');
    reliable.push(memory);
    memory.fill(0);
    reliable.sendNext(0);
    const [first] = sent;
    expect(first?.type === 'segment' && Buffer.from(first.bytes).toString()).equal('mine');
  });
});
