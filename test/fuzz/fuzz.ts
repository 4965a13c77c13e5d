/**
 * Fuzzes all codecs and keeps what it learned: npm run fuzz -- [--seconds 300] [--codec NAME] [--seed N].
 * Exit code 1 and the input as hex when a decoder failed in another way than by refusing.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CodecFuzz, corpusFolder, examplePackets, findCodecs, readCorpus } from './codec-fuzz.js';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    codec: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() & 0x7fffffff) },
  },
});
const codecs = (await findCodecs()).filter(
  ({ name }) => values.codec === undefined || name.includes(values.codec),
);
const examples = examplePackets();
const each = (Number(values.seconds) * 1000) / Math.max(1, codecs.length);
let failed = 0;
mkdirSync(corpusFolder, { recursive: true });
for (const codec of codecs) {
  const fuzz = new CodecFuzz(codec, [...readCorpus(codec), ...examples], Number(values.seed));
  const end = performance.now() + each;
  while (performance.now() < end) for (let i = 0; i < 100; i++) fuzz.step();
  const lines = fuzz.corpus.map((input) => input.toString('hex')).filter((line) => line !== '');
  writeFileSync(join(corpusFolder, `${codec.name}.hex`), `${lines.join('\n')}\n`);
  console.log(
    `${codec.name}: ${fuzz.runs} inputs, ${lines.length} kept, ${fuzz.findings.length} findings`,
  );
  for (const { what, input } of fuzz.findings) console.log(`  ${what}\n  ${input}`);
  failed += fuzz.findings.length;
}
console.log(`${codecs.length} codecs, seed ${values.seed}, ${failed} findings`);
process.exitCode = failed > 0 ? 1 : 0;
