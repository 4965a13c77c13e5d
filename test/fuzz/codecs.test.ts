import { expect } from 'chai';
import {
  type Codec,
  CodecFuzz,
  examplePackets,
  findCodecs,
  outcomeOf,
  readCorpus,
} from './codec-fuzz.js';

describe('codecs under fuzz', () => {
  let codecs: Codec[];
  before(async () => {
    codecs = await findCodecs();
  });

  it('are all found', () => {
    expect(codecs.length).to.be.greaterThan(40);
    const names = codecs.map(({ name }) => name);
    for (const name of [
      'list.decodeListRequest',
      'relay-ticket.decodeRelayTicket',
      'filter.decodeFilter',
    ]) {
      expect(names).to.include(name);
    }
  });

  it('read or refuse whatever was kept, quickly', () => {
    const findings = codecs.flatMap((codec) =>
      readCorpus(codec).flatMap((input) => outcomeOf(codec, input).finding ?? []),
    );
    expect(findings).to.deep.equal([]);
  });

  it('read or refuse mutations of it', () => {
    const examples = examplePackets();
    const findings = codecs.flatMap((codec) => {
      const fuzz = new CodecFuzz(codec, [...readCorpus(codec), ...examples], 20_260_101);
      for (let i = 0; i < 300; i++) fuzz.step();
      return fuzz.findings;
    });
    expect(findings).to.deep.equal([]);
  });
});
