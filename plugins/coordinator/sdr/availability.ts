/** Availability of what the network offers, as Steam numbers it (sdr section 10). */
export const Availability = {
  cannotTry: -102,
  failed: -101,
  previously: -100,
  retrying: -10,
  unknown: 0,
  neverTried: 1,
  waiting: 2,
  attempting: 3,
  current: 100,
} as const;
export type Availability = (typeof Availability)[keyof typeof Availability];
