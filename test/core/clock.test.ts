import { expect } from 'chai';
import { SystemClock } from '../../core/clock.js';

describe('the clock of this machine', () => {
  const spin = (clock: SystemClock) => {
    const end = process.hrtime.bigint() + 2_000_000n;
    while (process.hrtime.bigint() < end);
    return clock.monotonic();
  };

  it('stands still while it is held, and goes on afterwards', () => {
    const clock = new SystemClock();
    expect(clock.hold()).equal(true);
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    expect(spin(clock)).equal(monotonic);
    expect(clock.now()).equal(now);
    clock.release();
    expect(spin(clock)).greaterThan(monotonic + 1);
    expect(clock.now()).least(now);
  });

  it('is held by one at a time', () => {
    const clock = new SystemClock();
    expect([clock.hold(), clock.hold()]).deep.equal([true, false]);
    clock.release();
    expect(clock.hold()).equal(true);
  });
});
