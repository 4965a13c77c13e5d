import { expect } from 'chai';
import sinon from 'sinon';
import { LocalBus } from '../../../core/bus/local-bus.js';
import type { Json } from '../../../core/store/store.js';
import { silentLog } from '../store/silent-log.js';

describe('LocalBus', () => {
  let log: typeof silentLog & { error: sinon.SinonSpy };
  let bus: LocalBus;
  const delivered = () => new Promise((resolve) => setImmediate(resolve));
  const record = () => {
    const heard: Json[] = [];
    return { heard, listener: (message: Json) => void heard.push(message) };
  };

  beforeEach(() => {
    log = { ...silentLog, error: sinon.spy() };
    bus = new LocalBus({ node: 'one', log });
  });
  afterEach(() => bus.close());

  it('reaches every subscriber of the channel, in order, after the tick of the publisher', async () => {
    const [first, second, other] = [record(), record(), record()];
    bus.subscribe('a', first.listener);
    bus.subscribe('a', second.listener);
    bus.subscribe('b', other.listener);
    bus.publish('a', 1);
    bus.publish('a', { n: 2 });
    expect(first.heard).to.deep.equal([]);
    await delivered();
    expect(first.heard).to.deep.equal([1, { n: 2 }]);
    expect(second.heard).to.deep.equal([1, { n: 2 }]);
    expect(other.heard).to.deep.equal([]);
  });

  it('names the node that spoke', async () => {
    const listener = sinon.spy();
    bus.subscribe('a', listener);
    bus.publish('a', 1);
    await delivered();
    expect(listener.args).to.deep.equal([[1, 'one']]);
  });

  it('delivers what was said, whatever becomes of the object', async () => {
    const { heard, listener } = record();
    bus.subscribe('a', (message) => {
      (message as { n: number }).n = 3;
    });
    bus.subscribe('a', listener);
    const message = { n: 1 };
    bus.publish('a', message);
    message.n = 2;
    await delivered();
    expect(heard).to.deep.equal([{ n: 1 }]);
  });

  it('logs a listener that throws and goes on to the others', async () => {
    const { heard, listener } = record();
    bus.subscribe('a', () => {
      throw new Error('broken');
    });
    bus.subscribe('a', listener);
    bus.publish('a', 1);
    await delivered();
    expect(heard).to.deep.equal([1]);
    expect(log.error.callCount).to.equal(1);
  });

  it('tells a subscriber nothing more once he has left, not even what is on its way', async () => {
    const { heard, listener } = record();
    const leave = bus.subscribe('a', listener);
    bus.publish('a', 1);
    leave();
    bus.subscribe('a', () => {});
    await delivered();
    expect(heard).to.deep.equal([]);
  });

  it('lets two listeners talk for ever without holding up the process', async () => {
    let spoken = 0;
    bus.subscribe('a', () => {
      spoken++;
      bus.publish('a', 1);
    });
    bus.publish('a', 1);
    await delivered();
    expect(spoken).to.be.within(1, 3);
  });

  it('keeps the channels of namespaces apart', async () => {
    const parts = [bus, bus.namespace('x'), bus.namespace('x').namespace('y'), bus.namespace('y')];
    const records = parts.map((part) => {
      const one = record();
      part.subscribe('a', one.listener);
      return one;
    });
    parts.forEach((part, i) => {
      part.publish('a', i);
    });
    await delivered();
    expect(records.map(({ heard }) => heard)).to.deep.equal([[0], [1], [2], [3]]);
    for (const name of ['', 'x/y', 'x:']) {
      expect(() => bus.namespace(name))
        .to.throw()
        .with.property('code', 'BUS_NAMESPACE');
    }
  });

  it('refuses messages that are too large or no JSON', () => {
    for (const message of ['x'.repeat(1024 * 1024), undefined as unknown as Json]) {
      expect(() => bus.publish('a', message))
        .to.throw()
        .with.property('code', 'BUS_MESSAGE');
    }
  });

  it('is silent once it is closed', async () => {
    const { heard, listener } = record();
    bus.subscribe('a', listener);
    bus.publish('a', 1);
    await bus.close();
    await delivered();
    expect(heard).to.deep.equal([]);
    expect(bus.health()).to.be.a('string');
  });
});
