import { hex, startTestServer, type TestServer } from 'beaconry/testing';
import { expect } from 'chai';
import {
  echoPrefix,
  encodeEchoRequest,
  isEchoAnswer,
} from '../../../server-browser/master/echo-codec.js';
import master from '../../../server-browser/master/index.js';

/** `FF FF FF FF T "Source Engine Query"`, as servers know it. */
const info = hex`FFFFFFFF 54 "Source Engine Query" 00`;

describe('the question whether a port is reached', () => {
  let test: TestServer;
  beforeEach(async () => {
    test = await startTestServer({ plugins: { master: {} }, atHand: { master } });
  });
  afterEach(() => test.stop());
  const violations = () => test.server.endpoints.udp.get('master')?.counters.violations;

  it('is as long as its answer, which is an INFO request', () => {
    expect(encodeEchoRequest()).deep.equal(
      hex`FFFFFFFF "askme" 0A 00000000 00000000 00000000 000000`,
    );
    expect(encodeEchoRequest()).have.lengthOf(25);
    expect(isEchoAnswer(info)).equal(true);
    expect(isEchoAnswer(info.subarray(0, 24))).equal(false);
  });

  it('is answered at its very source', () => {
    expect(test.ask('master', encodeEchoRequest())).deep.equal([info]);
    expect(violations()).equal(0);
  });

  it('meets silence when the answer would be longer, or it is longer than a question', () => {
    const short = encodeEchoRequest().subarray(0, 24);
    const long = Buffer.concat([Buffer.from(echoPrefix, 'latin1'), new Uint8Array(55)]);
    expect(test.ask('master', short)).deep.equal([]);
    expect(test.ask('master', long)).deep.equal([]);
    expect(violations()).equal(0);
  });

  it('is answered at most six times in any minute', async () => {
    const answers = (times: number) => {
      let count = 0;
      for (let n = 0; n < times; n++) count += test.ask('master', encodeEchoRequest()).length;
      return count;
    };
    let total = answers(50);
    expect(total).equal(3);
    for (let second = 0; second < 59; second++) {
      await test.clock.advance(1000);
      total += answers(5);
    }
    expect(total).equal(5);
    await test.clock.advance(20_000);
    expect(answers(50)).equal(1);
  });

  it('is answered for all together within a limit, whoever they say they are', () => {
    let count = 0;
    for (let n = 0; n < 200; n++) {
      count += test.ask('master', encodeEchoRequest(), `10.${n}.0.1:27015`).length;
    }
    expect(count).equal(20);
  });
});
