import { expect } from 'chai';
import {
  type Address,
  type ConfigOf,
  either,
  list,
  record,
  type Section,
} from '../../../core/config/schema.js';

const schema = {
  text: { doc: '', format: String, default: 'x' },
  number: { doc: '', format: Number, default: 1 },
  flag: { doc: '', format: Boolean, default: true },
  port: { doc: '', format: 'port', default: null, nullable: true },
  interval: { doc: '', format: 'duration', default: '1s' },
  size: { doc: '', format: 'bytes', default: 1 },
  id: { doc: '', format: 'uint64', default: 1n },
  key: { doc: '', format: 'hex', default: '00' },
  range: { doc: '', format: 'cidr', default: '::/0' },
  at: { doc: '', format: 'binds', default: '127.0.0.1:0' },
  endpoint: { doc: '', format: 'udp-endpoints', default: 'game' },
  rateLimit: { doc: '', format: either('off', 'nat'), default: 'off' },
  masters: { doc: '', format: list({ doc: '', format: 'address', default: null }), default: [] },
  players: {
    doc: '',
    format: list({ name: { doc: '', format: String, default: null } }),
    default: [],
  },
  values: { doc: '', format: record({ doc: '', format: String, default: null }), default: {} },
  deep: { mode: { doc: '', format: ['a', 'b'], default: 'a' } },
} as const satisfies Section;
type Config = ConfigOf<typeof schema>;

type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Does not compile unless the inferred type is exactly the one that is written out. */
const exact: Same<
  Config,
  {
    readonly text: string;
    readonly number: number;
    readonly flag: boolean;
    readonly port: number | null;
    readonly interval: number;
    readonly size: number;
    readonly id: bigint;
    readonly key: Uint8Array;
    readonly range: string;
    readonly at: readonly Address[];
    readonly endpoint: readonly string[];
    readonly rateLimit: 'off' | number;
    readonly masters: readonly Address[];
    readonly players: readonly { readonly name: string }[];
    readonly values: ReadonlyMap<string, string>;
    readonly deep: { readonly mode: 'a' | 'b' };
  }
> = true;

const unknownSchema: Same<ConfigOf<Section>, { readonly [key: string]: unknown }> = true;
// biome-ignore lint/complexity/noBannedTypes: a plugin without configuration has no keys.
const noKeys: Same<ConfigOf<{}>, {}> = true;

/** Never called: its lines are checked by the compiler. */
export function refused(config: Config): unknown[] {
  // @ts-expect-error null is possible
  const port: number = config.port;
  // @ts-expect-error a word is possible
  const limit: number = config.rateLimit;
  // @ts-expect-error no such key
  const missing = config.txt;
  // @ts-expect-error no such mode
  const mode: 'c' = config.deep.mode;
  // @ts-expect-error 64-bit ids are no numbers
  const id: number = config.id;
  // @ts-expect-error configuration is not written to
  config.text = 'y';
  // @ts-expect-error no such format
  const section: Section = { a: { doc: '', format: 'integer', default: 1 } };
  return [port, limit, missing, mode, id, section];
}

describe('the type of a section', () => {
  it('is exactly what its schema says', () => {
    expect(exact).to.equal(true);
  });

  it('is open where the schema is not known, and empty where it has no keys', () => {
    expect(unknownSchema && noKeys).to.equal(true);
  });
});
