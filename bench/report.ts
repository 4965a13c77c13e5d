/** One measured figure, as it stands in `results.json`. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** How many times as good as each reference of the same run; above 1 is better than it. */
  readonly against?: Readonly<Record<string, number>>;
  /** Why the figure says nothing. */
  readonly discarded?: string;
}

/** Hands the figures to `main.ts`, which writes them down; a benchmark that runs alone prints them. */
export function report(figures: readonly Figure[]): void {
  if (process.send !== undefined) process.send(figures);
  else for (const figure of figures) console.log(lineOf(figure));
}

/** One line of the table. */
export const lineOf = ({ what, value, unit, against = {}, discarded }: Figure): string => {
  const ratios = Object.entries(against).map(([name, ratio]) => `${ratio.toFixed(2)} of ${name}`);
  const number = Math.abs(value) < 100 ? value.toFixed(2) : String(Math.round(value));
  return [
    what.padEnd(52),
    `${number.padStart(10)} ${unit.padEnd(16)}`,
    discarded === undefined ? ratios.join(', ') : `thrown away: ${discarded}`,
  ].join(' ');
};

export const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1] ?? Number.NaN;
