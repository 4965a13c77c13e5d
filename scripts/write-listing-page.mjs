// Prints docs/my-server-is-not-in-the-list.md, made of the questions that `doctor` and `explain` ask.
import { listingSteps } from '../dist/server-browser/master/listing-steps.js';
import { reasonsOf } from '../dist/server-browser/master/refusals.js';

const rows = Object.entries(listingSteps).map(([step, { question, ifNot, answeredBy }]) => {
  const programs = answeredBy.map((program) => `\`${program}\``).join(', ');
  const words = reasonsOf(step).join(', ');
  const who = programs === '' ? 'you' : words === '' ? programs : `${programs}: ${words}`;
  return `| ${step} | ${question} | ${ifNot} | ${who} |`;
});

process.stdout.write(`# My server is not in the list

Ask from the top; stop at the first "no". Two programs walk this table, and name its rows: \`beaconry doctor\` beside the
game server, and \`beaconry explain HOST:PORT\` beside the master, with "?" where it cannot be seen from there. The words
behind \`explain\` are those of refusals, in its text and at \`/v1/admin/refusals\`.

| row | question | if not | answered by |
| --- | --- | --- | --- |
${rows.join('\n')}
`);
