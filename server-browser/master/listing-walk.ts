import { type ListingStepId, listingSteps, plainText } from './listing-steps.js';
import type { Registration } from './public.js';
import { type Refusal, stepOf } from './refusals.js';

/** The answer to one question on the way into the list; `open` when it cannot be seen from the master. */
export interface StepAnswer {
  readonly step: ListingStepId;
  readonly answer: 'yes' | 'no' | 'open';
}

/** What the master has seen of a server. */
export interface Seen {
  readonly registration: Pick<Registration, 'outdated' | 'lan' | 'hidden' | 'verified'> | undefined;
  /** It is registered under an address of a private network or of this machine. */
  readonly isInside: boolean;
  /** Of a server that is registered: it said goodbye, and that is being looked into. */
  readonly isLeaving: boolean;
  readonly isBanned: boolean;
  /** Newest first. */
  readonly refusals: readonly Pick<Refusal, 'reason'>[];
}

const order = Object.keys(listingSteps) as ListingStepId[];
/** Answered by every join that is taken. */
const ofJoins = order.slice(0, order.indexOf('answers'));

/** From the top to the first "no". */
export function walk({
  registration,
  isInside,
  isLeaving,
  isBanned,
  refusals,
}: Seen): StepAnswer[] {
  const newest = refusals[0] === undefined ? undefined : stepOf(refusals[0].reason);
  if (registration === undefined && !isBanned && newest === 'pages') {
    return [{ step: 'pages', answer: 'no' }];
  }
  // Of a server that nobody has heard of the first questions are all there is to ask.
  const isUnheard = registration === undefined && newest === undefined && !isBanned;
  const asked = isUnheard ? order.slice(0, order.indexOf('reachability') + 1) : order;
  const answers = new Map<ListingStepId, 'yes' | 'no'>();
  if (registration !== undefined) {
    const { outdated, lan, hidden, verified } = registration;
    for (const step of ofJoins) answers.set(step, 'yes');
    // Whether that is far enough depends on who asks.
    if (isInside) answers.delete('address');
    if (outdated) answers.set('version', 'no');
    if (isLeaving) answers.set('stays', 'no');
    answers.set('answers', hidden && !verified ? 'no' : 'yes');
    answers.set('itself', hidden && verified && !isLeaving ? 'no' : 'yes');
    answers.set('internet', lan ? 'no' : 'yes');
  } else if (newest !== undefined) {
    answers.set('masters', 'yes').set('reachability', 'yes').set(newest, 'no');
  }
  if (isBanned) answers.set('bans', 'no');
  const walked: StepAnswer[] = [];
  for (const step of asked) {
    const answer = answers.get(step) ?? 'open';
    walked.push({ step, answer });
    if (answer === 'no') break;
  }
  return walked;
}

const signs = { yes: 'yes', no: 'NO ', open: ' ? ' } as const;

/** A line for each question; what to do where the answer is no, what is asked where it cannot be seen. */
export function walkText(walked: readonly StepAnswer[]): string[] {
  return walked.map(({ step, answer }) => {
    const { question, ifNot } = listingSteps[step];
    const what = answer === 'no' ? `${question} - ${ifNot}` : question;
    return `  ${signs[answer]} ${step.padEnd(13)} ${plainText(what)}`;
  });
}
