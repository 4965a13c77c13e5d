export interface EndpointLine {
  readonly name: string;
  readonly protocol: 'udp' | 'tcp' | 'http';
  readonly driver?: string;
  readonly bound?: readonly { readonly host: string; readonly port: number }[];
  readonly [counter: string]: unknown;
}
export interface Rates {
  readonly received: number;
  readonly sent: number;
  readonly refused: number;
}

/** Counters of datagrams that were turned away, by any cause. */
const REFUSED = [
  'unclaimed',
  'shape',
  'limited',
  'unprovenLimited',
  'decode',
  'violations',
  'refused',
];

let before: { readonly at: number; readonly counters: ReadonlyMap<string, Rates> } | undefined;

const sum = (endpoint: EndpointLine, names: readonly string[]): number =>
  names.reduce(
    (total, name) => total + (typeof endpoint[name] === 'number' ? endpoint[name] : 0),
    0,
  );

/** Counters become rates by the difference to the look before; undefined at the first look. */
export function ratesOf(lines: readonly EndpointLine[]): ReadonlyMap<string, Rates> | undefined {
  const at = performance.now();
  const counters = new Map(
    lines.map((line) => [
      line.name,
      {
        received: sum(line, ['received', 'accepted']),
        sent: sum(line, ['sent']),
        refused: sum(line, REFUSED),
      },
    ]),
  );
  const past = before;
  before = { at, counters };
  if (past === undefined) return undefined;
  const seconds = (at - past.at) / 1000;
  return new Map(
    [...counters].map(([name, now]) => {
      const then = past.counters.get(name) ?? now;
      const rate = (key: keyof Rates) => Math.max(0, (now[key] - then[key]) / seconds);
      return [name, { received: rate('received'), sent: rate('sent'), refused: rate('refused') }];
    }),
  );
}
