import { listingSteps } from 'beaconry/plugins/master';
import { expect } from 'chai';
import { walk, walkText } from '../../../server-browser/master/listing-walk.js';

const listed = { outdated: false, lan: false, hidden: false, verified: true };
const seen = {
  ...{ registration: undefined, isInside: false, isLeaving: false, isBanned: false, refusals: [] },
};

describe('the way into the list', () => {
  it('ends at the first "no", and tells what to do there alone', () => {
    const walked = walk({ ...seen, refusals: [{ reason: 'denied' }] });
    expect(walked.map(({ step, answer }) => `${step} ${answer}`)).deep.equal([
      ...['masters yes', 'reachability yes', 'challenge open', 'port open', 'address open'],
      'allowed no',
    ]);
    const text = walkText(walked);
    expect(text.filter((line) => line.includes(' - '))).deep.equal([
      '  NO  allowed       May its range register? - Take it out of "deny" of the master, or add it to "allow".',
    ]);
  });

  it('tells one that says goodbye from one of many that are the same', () => {
    const registration = { ...listed, hidden: true };
    const last = (isLeaving: boolean) => walk({ ...seen, registration, isLeaving }).at(-1);
    expect(last(true)).deep.equal({ step: 'stays', answer: 'no' });
    expect(last(false)).deep.equal({ step: 'itself', answer: 'no' });
  });

  it('asks a client that only read lists about its pages alone', () => {
    expect(walk({ ...seen, refusals: [{ reason: 'budget' }] })).deep.equal([
      { step: 'pages', answer: 'no' },
    ]);
  });

  it('has names of rows that fit the column of the doctor', () => {
    for (const step of Object.keys(listingSteps)) expect(step).match(/^[a-z]{4,13}$/);
  });
});
