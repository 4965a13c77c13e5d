import { execFile } from 'node:child_process';
import { expect } from 'chai';
import { MeasuredProcess } from '../../bench/measured-process.js';
import { referenceProgram } from '../../bench/reference-programs.js';
import { freePorts } from '../end-to-end/free-ports.js';

describe('a benchmark whose responder is gone', function () {
  this.timeout(60_000);

  it('ends its load with an error instead of asking for ever', async function () {
    const program = referenceProgram('udp-load');
    if (program === undefined) {
      console.log('      skipped: needs cc');
      return this.skip();
    }
    const [port = 0] = await freePorts(1, 'udp');
    const words = [String(port), '1000', '4', '8', 'fixed', '41'];
    const code = await new Promise((resolve) => {
      execFile(program, words, (error) => resolve(error?.code));
    });
    expect(code).equal(1);
  });

  it('hears of the end of a process that it waits for', async () => {
    const broken = MeasuredProcess.responder('nothing of the kind');
    const error = await broken.catch((error: Error) => error.message);
    expect(error).equal('a measured process ended with 1');
  });
});
