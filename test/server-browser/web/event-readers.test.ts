import { EventEmitter } from 'node:events';
import { inflateRawSync } from 'node:zlib';
import { FakeClock } from 'beaconry/testing';
import { expect } from 'chai';
import { Directory } from '../../../server-browser/web/directory.js';
import { GZIP_BEGIN } from '../../../server-browser/web/event-batch.js';
import { EventReaders, type EventSink } from '../../../server-browser/web/event-readers.js';
import { ListFeed } from '../../../server-browser/web/list-feed.js';
import type { ListedServer } from '../../../server-browser/web/listed-server.js';
import { listed } from './listed.js';

class Sink extends EventEmitter implements EventSink {
  readonly chunks: Buffer[] = [];
  takesMore = true;
  destroyed = false;

  write(bytes: Buffer): boolean {
    this.chunks.push(bytes);
    return this.takesMore;
  }
  end(): this {
    return this;
  }
  destroy(): this {
    this.destroyed = true;
    this.emit('close');
    return this;
  }
  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
  get events(): string[] {
    return [...this.text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name ?? '');
  }
  get lastId(): string | undefined {
    return [...this.text.matchAll(/^id: (.+)$/gm)].at(-1)?.[1];
  }
}

describe('event stream of the list', () => {
  const rig = () => {
    const clock = new FakeClock();
    const directory = new Directory({ clock });
    const feed = new ListFeed(directory, clock);
    const readers = new EventReaders(feed, clock);
    let map = 0;
    const change = (address = '192.0.2.1:1') => {
      const remove = directory.add('test', listed(address, { map: `map${map++}` }));
      feed.turn();
      return () => {
        remove();
        feed.turn();
      };
    };
    const open = async (after?: string, gzip = false, form: 'full' | 'brief' = 'full') => {
      const sink = new Sink();
      await readers.open(sink, gzip, after, form);
      return sink;
    };
    return { clock, directory, feed, readers, change, open };
  };

  it('begins with the whole list, then says what comes, changes and goes', async () => {
    const { change, open } = rig();
    change();
    const sink = await open();
    expect(sink.events).to.deep.equal(['snapshot']);
    expect(sink.text).to.include('"map":"map0"');
    change();
    change('192.0.2.2:2')();
    expect(sink.events).to.deep.equal(['snapshot', 'upsert', 'upsert', 'remove']);
    expect(sink.text).to.match(/event: remove\ndata: \["192\.0\.2\.2:2"\]\n\n$/);
  });

  it('says in brief nothing but numbers of servers of which nothing else changed', async () => {
    const { directory, feed, open } = rig();
    const say = (address: string, more: Partial<ListedServer>) =>
      directory.add('test', listed(address, more));
    const [first, second] = ['192.0.2.1:1', '192.0.2.2:2'];
    say(first, {});
    say(second, {});
    feed.turn();
    const [full, brief] = [await open(), await open(undefined, false, 'brief')];
    say(first, { players: 7, bots: 1, ping: 20 });
    say(second, { players: 2, map: 'q3dm6' });
    feed.turn();
    expect(full.events).to.deep.equal(['snapshot', 'upsert']);
    expect(brief.events).to.deep.equal(['snapshot', 'upsert', 'numbers']);
    const upserts = /event: upsert\ndata: (.*)/.exec(brief.text)?.[1] ?? '[]';
    expect((JSON.parse(upserts) as ListedServer[]).map(({ map }) => map)).to.deep.equal(['q3dm6']);
    expect(brief.text).to.include('event: numbers\ndata: [["192.0.2.1:1",7,8,1,20]]\n\n');
    expect(brief.lastId).to.equal(full.lastId);
  });

  it('resumes behind the last event that a reader had', async () => {
    const { change, open } = rig();
    const first = await open();
    change();
    const { lastId } = first;
    change();
    change();
    const again = await open(lastId);
    expect(again.events).to.deep.equal(['upsert', 'upsert']);
    expect(again.text).to.include('map2').and.not.include('map0');
  });

  it('begins anew when the events in between are gone, or the id is of another start', async () => {
    const { change, open } = rig();
    change();
    const { lastId } = await open();
    for (let i = 0; i < 310; i++) change();
    expect((await open(lastId)).events[0]).to.equal('snapshot');
    expect((await open('elsewhere-3')).events[0]).to.equal('snapshot');
    expect((await open('nonsense')).events[0]).to.equal('snapshot');
  });

  it('is the same in gzip, whose pieces are made once for all readers', async () => {
    const { change, open } = rig();
    change();
    const [plain, one] = [await open(undefined), await open(undefined, true)];
    change();
    const other = await open(undefined, true);
    change();
    change('192.0.2.7:7')();
    // An empty last block ends what would go on for ever.
    const end = Buffer.from([0x03, 0x00]);
    const read = (sink: Sink) =>
      inflateRawSync(Buffer.concat([...sink.chunks, end]).subarray(GZIP_BEGIN.length)).toString();
    expect(read(one)).to.equal(plain.text);
    expect(read(other))
      .to.match(/event: snapshot/)
      .and.match(/\["192\.0\.2\.7:7"\]\n\n$/);
    expect(one.chunks.at(-1)).to.equal(other.chunks.at(-1));
  });

  it('writes nothing more to a reader who takes nothing, and catches him up when he does', async () => {
    const { change, open } = rig();
    const sink = await open();
    sink.takesMore = false;
    change();
    const written = sink.chunks.length;
    for (let i = 0; i < 20; i++) change();
    expect(sink.chunks).to.have.lengthOf(written);
    sink.takesMore = true;
    sink.emit('drain');
    expect(sink.events.filter((name) => name === 'upsert')).to.have.lengthOf(21);
    expect(sink.text).to.include('map20');
  });

  it('drops a reader who takes nothing for 15 seconds; the others notice nothing', async () => {
    const { clock, readers, change, open } = rig();
    const [stuck, well] = [await open(), await open()];
    stuck.takesMore = false;
    for (let second = 0; second < 17; second++) {
      change();
      await clock.advance(1000);
    }
    expect(stuck.destroyed).to.equal(true);
    expect(well.destroyed).to.equal(false);
    expect(well.events).to.have.lengthOf(18);
    expect([readers.size, readers.dropped]).to.deep.equal([1, 1]);
  });

  it('pings, so that silence means a broken connection', async () => {
    const { readers, open } = rig();
    const sink = await open();
    readers.ping();
    expect(sink.text).to.match(/\n\n: ping\n\n$/);
  });

  it('forgets a reader who went away', async () => {
    const { readers, open } = rig();
    const sink = await open();
    sink.destroy();
    expect(readers.size).to.equal(0);
  });

  it('has one snapshot for all who come within three seconds, and events behind it close the gap', async () => {
    const { feed, change, open } = rig();
    change();
    const first = feed.snapshot();
    change();
    expect(feed.snapshot()).to.equal(first);
    const reader = await open(first.event);
    expect(reader.text).to.include('map1').and.not.include('map0');
  });

  it('gives an older snapshot at once and makes the next one behind it', async () => {
    const { clock, feed, change } = rig();
    change();
    const first = feed.snapshot();
    change();
    await clock.advance(3001);
    expect(feed.snapshot()).to.equal(first);
    await clock.advance(300);
    while (feed.snapshot() === first) await new Promise((resolve) => setTimeout(resolve, 1));
    const next = feed.snapshot();
    expect(next.plain.toString()).to.include('map1');
    await clock.advance(60_000);
    expect(feed.snapshot()).to.equal(next);
  });

  it('has a snapshot at hand that is at most ten seconds old, although nobody asks', async () => {
    const { clock, feed, change } = rig();
    change();
    feed.keepReady();
    await clock.advance(0);
    const first = feed.snapshot();
    expect(first.plain.toString()).to.include('map0');
    change();
    await clock.advance(10_000);
    feed.keepReady();
    await clock.advance(0);
    while (feed.snapshot() === first) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(feed.snapshot().plain.toString()).to.include('map1');
  });

  it('gives no snapshot whose next events are gone', () => {
    const { feed, change } = rig();
    change();
    const first = feed.snapshot();
    for (let i = 0; i < 310; i++) change();
    expect(feed.snapshot().plain.toString()).to.include('map310');
    expect(feed.snapshot()).to.not.equal(first);
  });
});
