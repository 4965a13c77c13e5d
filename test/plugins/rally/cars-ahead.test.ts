import { expect } from 'chai';
import { CarsAhead } from '../../../plugins/rally/cars-ahead.js';
import { readRally } from '../../../plugins/rally/definition.js';
import {
  encodePeerPosition,
  type PeerPosition,
} from '../../../plugins/rally/peer-position-codec.js';
import { fixture } from './simulated-rally.js';

const { entries } = readRally(fixture);
const [first, second] = entries;
const ID = first?.driverId ?? 0n;
const OTHER = second?.driverId ?? 0n;
/** Far beyond 32 bits, and soon over their edge. */
const RALLY_BEGAN = 411 * 2 ** 32 - 3_000;

describe('cars ahead', () => {
  let ahead: CarsAhead;
  let now: number;
  beforeEach(() => {
    ahead = new CarsAhead(entries);
    now = 50_000;
    ahead.follow([
      { number: 1, steamId: ID },
      { number: 2, steamId: OTHER },
    ]);
  });

  const server = (metres: number, more: object = {}) =>
    ahead.serverSaid(
      [{ number: 1, stage: 2, age: 0, metres, x: metres, y: 0, speed: 3000, ...more }],
      now,
    );
  const time = (timeScale = 1) => ({
    ...{ now, timeScale },
    rallyNow: RALLY_BEGAN + (now - 50_000) * timeScale,
  });
  const peer = (metres: number, change: Partial<PeerPosition> = {}, steamId = ID, timeScale = 1) =>
    ahead.peerSaid(
      steamId,
      encodePeerPosition({
        ...{ stage: 2, time: time(timeScale).rallyNow, metres, x: metres, y: 0, speed: 3100 },
        ...change,
      }),
      time(timeScale),
    );
  const seen = () => ahead.read(now).map(({ number, metres, from }) => ({ number, metres, from }));

  it('are where their driver says, though the server said it before', () => {
    server(500);
    now += 100;
    expect(peer(503)).equal(undefined);
    expect(ahead.read(now)).deep.equal([
      {
        ...{ number: 1, steamId: ID, stage: 2, metres: 503, x: 503, y: 0, speed: 3100 },
        ...{ from: 'peer', age: 0 },
      },
    ]);
  });

  it('are where the server says as long as their driver says nothing, and again when he is silent', () => {
    server(500, { age: 80 });
    now += 100;
    expect(ahead.read(now)[0]).include({ metres: 500, from: 'server', age: 180 });
    peer(503);
    now += 1500;
    expect(seen()).deep.equal([{ number: 1, metres: 503, from: 'peer' }]);
    now += 1;
    expect(seen()).deep.equal([{ number: 1, metres: 500, from: 'server' }]);
    now += 10_000;
    expect(seen()).deep.equal([]);
  });

  it('are nowhere before the server says that they drive a stage, and when it says so no more', () => {
    expect(peer(500)).equal('peer-off-stage');
    expect(seen()).deep.equal([]);
    server(500);
    expect(peer(500)).equal(undefined);
    ahead.serverSaid([], now);
    expect(seen()).deep.equal([]);
    now += 50;
    expect(peer(501)).equal('peer-off-stage');
  });

  it('are not believed to be on another stage than the server says', () => {
    server(500);
    expect(peer(500, { stage: 3 })).equal('peer-off-stage');
  });

  it('are believed no more way than they can have driven', () => {
    server(500);
    peer(500);
    now += 100;
    // The car makes 80 m in a second: that much may come at once, 8 m more by now, and 20 m are forgiven.
    expect(peer(612)).equal('peer-implausible');
    expect(peer(526)).equal(undefined);
    expect(seen()).deep.equal([{ number: 1, metres: 526, from: 'peer' }]);
  });

  it('are not believed what the server contradicts, however slowly a lie grows', () => {
    let metres = 500;
    let highest = 0;
    const refused = new Set<unknown>();
    for (let i = 0; i < 600; i++) {
      if (i % 20 === 0) server(500);
      now += 50;
      metres += 3.9;
      refused.add(peer(metres));
      for (const car of ahead.read(now)) if (car.from === 'peer') highest = car.metres;
    }
    expect(refused).include('peer-contradicts-server');
    // As far as the car can get in the 2.5 s that the server's word may be old.
    expect(highest).below(500 + 230);
    expect(seen()).deep.equal([{ number: 1, metres: 500, from: 'server' }]);
  });

  it('are not believed to be beside the place that the server knows', () => {
    server(500);
    expect(peer(500, { x: 1e9 })).equal('peer-contradicts-server');
    expect(peer(500, { y: -900 })).equal('peer-contradicts-server');
  });

  it('are not heard in the past, in the future, twice, or in another order', () => {
    server(500);
    const { rallyNow } = time();
    expect(peer(500, { time: rallyNow - 3100 })).equal('peer-stale');
    expect(peer(500, { time: rallyNow + 1100 })).equal('peer-stale');
    expect(peer(500, { time: rallyNow })).equal(undefined);
    expect(peer(500, { time: rallyNow })).equal('peer-reordered');
    expect(peer(500, { time: rallyNow - 50 })).equal('peer-reordered');
  });

  it('are heard over the edge of 32 bits of time, and with a clock that runs ten times as fast', () => {
    for (let i = 0; i < 20; i++) {
      now += 50;
      server(500 + i * 15);
      expect(peer(500 + i * 15, {}, ID, 10), `${i}`).equal(undefined);
    }
    expect(time(10).rallyNow).above(411 * 2 ** 32);
  });

  it('are heard 22 times a second and not more often', () => {
    server(500);
    let taken = 0;
    for (let i = 0; i < 10_000; i++) {
      now += 1;
      if (i % 1000 === 0) server(500);
      if (peer(500) === undefined) taken++;
    }
    expect(taken).within(220, 255);
    expect(ahead.refusals.get('peer-too-often')).equal(10_000 - taken);
  });

  it('are heard from the driver whom the server named, and from nobody else', () => {
    server(500);
    expect(peer(500, {}, 5n)).equal('peer-not-ahead');
    expect(peer(500, {}, OTHER)).equal('peer-off-stage');
    ahead.follow([{ number: 2, steamId: OTHER }]);
    expect(peer(500)).equal('peer-not-ahead');
    expect(seen()).deep.equal([]);
  });

  it('keep what is known of those that stay ahead', () => {
    server(500);
    peer(500);
    ahead.follow([{ number: 1, steamId: ID }]);
    expect(seen()).deep.equal([{ number: 1, metres: 500, from: 'peer' }]);
  });

  it('count bytes that are no position and stay as they were', () => {
    server(500);
    expect(ahead.peerSaid(ID, Uint8Array.of(1, 2, 3), time())).equal('peer-malformed');
    expect(ahead.refusals.get('peer-malformed')).equal(1);
    expect(seen()).deep.equal([{ number: 1, metres: 500, from: 'server' }]);
  });
});
