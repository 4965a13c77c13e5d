/** A question on the way into the list, in Markdown. */
export interface ListingStep {
  readonly question: string;
  /** What to do when the answer is no. */
  readonly ifNot: string;
  /** Programs that answer it; nobody but a person can where there are none. */
  readonly answeredBy: readonly ('doctor' | 'explain')[];
}

/**
 * What has to be true for a server to be in a list, in the order to ask. `beaconry doctor` beside the game server and
 * `beaconry explain` beside the master walk it, and docs/my-server-is-not-in-the-list.md is made of it.
 */
const steps = {
  masters: {
    question: 'Does the server have this master in its list? Its log says so when it starts.',
    ifNot:
      '[bring-old-clients-here.md](bring-old-clients-here.md) has the file or command of each game.',
    answeredBy: ['doctor', 'explain'],
  },
  reachability: {
    question: 'Does UDP from its game port reach the master, and the answer come back?',
    ifNot:
      'Let firewall and NAT pass UDP from the port of the game, both ways; a NAT that rewrites the port for each packet cannot work.',
    answeredBy: ['doctor', 'explain'],
  },
  challenge: {
    question:
      'Does the answer to `q` come back to the server, and its join within a minute from the same port?',
    ifNot:
      'Let the server ask (`q`) from the port that it joins from, and answer within a minute; a NAT that changes the port between the two breaks it too.',
    answeredBy: ['doctor', 'explain'],
  },
  port: {
    question: 'Does it come from a real port?',
    ifNot: 'Something on the way rewrites ports: let the real port of the game be seen.',
    answeredBy: ['explain'],
  },
  address: {
    question:
      'Does the master see an address that others can reach? One from inside a network is listed to clients there alone.',
    ifNot:
      'Set `publicAddress`, or `addressMap` for the range, for a server on the machine or the network of the master; `allowLoopback: true` for a master of one machine alone. 169.254.0.0/16 is for FakeIPs here: give the server another address.',
    answeredBy: ['explain'],
  },
  allowed: {
    question: 'May its range register?',
    ifNot: 'Take it out of `deny` of the master, or add it to `allow`.',
    answeredBy: ['explain'],
  },
  bans: {
    question: 'Is it free of bans?',
    ifNot: 'See `beaconry ban list`; lift it with `beaconry ban remove`.',
    answeredBy: ['explain'],
  },
  room: {
    question: 'Are there few servers at its address, and few in its network?',
    ifNot:
      'Stop others, wait until they expire, or raise `maxPerAddress`; 0 switches both limits off.',
    answeredBy: ['explain'],
  },
  rate: {
    question: 'Does it send a heartbeat about every 140 seconds and not more often?',
    ifNot: 'Mend its configuration, or raise `rateLimit`.',
    answeredBy: ['doctor', 'explain'],
  },
  version: {
    question: 'Is its version new enough?',
    ifNot: 'Update it, or lower `minVersion` of its product or gamedir.',
    answeredBy: ['explain'],
  },
  heartbeats: {
    question: 'Did its last heartbeat come within `ttl` (300 s)?',
    ifNot:
      'It stopped, or the way to the master broke: see whether it still runs, and its heartbeats pass firewall and NAT.',
    answeredBy: ['doctor', 'explain'],
  },
  stays: {
    question: 'Is it still there, without a sign-off?',
    ifNot: 'It was stopped: start it; a server that runs joins anew with its next heartbeat.',
    answeredBy: ['explain'],
  },
  answers: {
    question: 'Does it answer A2S INFO at its address? `beaconry query HOST:PORT` from outside.',
    ifNot: 'Open the query port; `plugins.master.verify: off` lists it all the same.',
    answeredBy: ['explain'],
  },
  itself: {
    question: 'Does it say something of its own: a name, a map, a port that few others share?',
    ifNot:
      'Of servers at more than three addresses that say the same of themselves only some are shown: give it a name of its own.',
    answeredBy: ['explain'],
  },
  internet: {
    question: 'Is it meant for the internet?',
    ifNot: '`sv_lan 0`.',
    answeredBy: ['explain'],
  },
  asked: {
    question: 'Does the list that you read ask for it? Region, game, map, "not empty", "not full".',
    ifNot: 'Ask for more: `beaconry list --master HOST:PORT` shows all.',
    answeredBy: [],
  },
  pages: {
    question: 'Does your client get its pages? `beaconry explain` with the address of the client.',
    ifNot:
      'Ask more slowly, with fewer and plainer conditions; or raise `rateLimit` and `listBudget`.',
    answeredBy: ['explain'],
  },
} as const satisfies Record<string, ListingStep>;

/** Names a row of that table. */
export type ListingStepId = keyof typeof steps;
/** The table by the names of its rows, in the order to ask. */
export const listingSteps: Readonly<Record<ListingStepId, ListingStep>> = steps;

/** For a terminal: without the signs of Markdown. */
export const plainText = (markdown: string): string =>
  markdown.replace(/\[([^\]]*)\]\([^)]*\)/g, 'docs/$1').replaceAll('`', '"');
