import type { Figure } from './report.js';

export interface Budgeted extends Figure {
  /** The most that it may be; nothing for what is measured to compare with. */
  readonly budget?: number;
}

/** A figure beside its budget: above 1 is better than it. */
export const budgeted = (what: string, value: number, unit: string, budget: number): Budgeted => ({
  ...{ what, value, unit, budget },
  against: { [`the budget of ${budget} ${unit}`]: budget / value },
});
