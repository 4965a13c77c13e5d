import type { PeerAddress } from 'beaconry';
import type { PlayersAnswer, RulesAnswer } from 'beaconry/a2s-query';
import type { Registration } from 'beaconry/plugins/master';
import { completeServer } from './complete-server.js';
import type { Place } from './country-data.js';
import type { ListedPlayer, ListedServer, ServerDetail } from './listed-server.js';
import {
  announced,
  claimsMorePlayers,
  contradictions,
  cut,
  type Measurement,
  measured,
} from './measurement.js';

type Line = Omit<ListedServer, 'source'>;
type Details = Omit<ServerDetail, keyof ListedServer | 'alsoListedAs'>;

/** Unanswered questions in a row after which a server counts as unreachable. */
const MOST_FAILURES = 3;
const MOST_RULES = 256;
const WORLD = 255;
const NO_DETAILS: Details = { playerList: [], rules: {} };

/** All that is known of one address. */
export class DirectoryEntry {
  registration: Registration | undefined;
  favourite = false;
  failures = 0;
  /** The group of `GamePortGroups` it is in. */
  group: string | undefined;
  /** What plugins say, by their names. */
  readonly added = new Map<string, Line>();
  #measurement: Measurement | undefined;
  /** Contradictions of the last answer, and those that two answers in a row had. */
  #suspected: readonly string[] = [];
  #contradictions: readonly string[] = [];
  #namedPlayers: number | undefined;
  #details: Details = NO_DETAILS;
  #published: ListedServer | undefined;
  #line: { readonly duplicate: boolean; readonly value: ListedServer } | undefined;

  constructor(
    readonly key: string,
    readonly peer: PeerAddress,
    private readonly place: Place | undefined,
    private readonly since: number,
  ) {}

  get isListed(): boolean {
    return this.#isNamed || this.added.size > 0;
  }
  /** Whether it is to be asked: nobody is at the address of a FakeIP. */
  get isTarget(): boolean {
    return this.#isNamed && this.registration?.fakeIp !== true;
  }
  get #isNamed(): boolean {
    return this.registration !== undefined || this.favourite;
  }
  get details(): Details {
    return this.#details;
  }

  answered(measurement: Measurement): void {
    this.failures = 0;
    this.#measurement = measurement;
    if (this.registration === undefined) {
      this.#contradictions = [];
      return;
    }
    const found = contradictions(announced(this.registration), measurement);
    // A join and an answer can stand on two sides of a change; a contradiction lasts.
    this.#contradictions = found.filter((flag) => this.#suspected.includes(flag));
    this.#suspected = found;
  }

  detailed(players: PlayersAnswer | undefined, rules: RulesAnswer | undefined, now: number): void {
    this.#namedPlayers = players?.announced;
    this.#details = {
      playerList: (players?.players ?? []).map(listedPlayer),
      rules: Object.fromEntries(
        (rules?.rules ?? []).slice(0, MOST_RULES).map(({ name, value }) => [cut(name), cut(value)]),
      ),
      detailsAt: new Date(now).toISOString(),
    };
  }

  /** Something of it changed: its line is made anew when somebody wants it. */
  changed(): void {
    this.#line = undefined;
  }

  line(duplicate: boolean): ListedServer {
    if (this.#line?.duplicate !== duplicate) {
      this.#line = { duplicate, value: this.#makeLine(duplicate) };
    }
    return this.#line.value;
  }

  #makeLine(duplicate: boolean): ListedServer {
    const [source, said] = this.#said();
    const isAlive = this.failures < MOST_FAILURES;
    const measurement = isAlive ? this.#measurement : undefined;
    const line = measurement === undefined ? said : measured(said, measurement);
    const flags = [...said.flags];
    if (!isAlive) flags.push('unreachable');
    else flags.push(...this.#contradictions);
    if (
      measurement !== undefined &&
      this.#namedPlayers !== undefined &&
      claimsMorePlayers(measurement, this.#namedPlayers)
    ) {
      flags.push('contradicts-players');
    }
    if (duplicate) flags.push('duplicate');
    return {
      ...line,
      source,
      flags,
      ...(this.place === undefined ? {} : { country: this.place.country }),
      ...(line.region === WORLD && this.place !== undefined ? { region: this.place.region } : {}),
    };
  }

  /** Remembers what readers saw, and says what of it is worth telling them. */
  publish(line: ListedServer): 'nothing' | 'numbers' | 'all' {
    const seen = this.#published;
    const news =
      seen === undefined || hasOtherWords(seen, line)
        ? 'all'
        : hasOtherNumbers(seen, line)
          ? 'numbers'
          : 'nothing';
    if (news !== 'nothing') this.#published = line;
    return news;
  }

  #said(): readonly [source: string, line: Line] {
    if (this.registration !== undefined) return ['master', announced(this.registration)];
    for (const [source, line] of this.added) return [source, line];
    const lastSeen = new Date(this.since).toISOString();
    // Nothing is known of a favourite but its address.
    const blank = {
      address: this.key,
      name: this.key,
      map: '',
      players: 0,
      maxPlayers: 0,
      lastSeen,
    };
    return ['favourite', completeServer('favourite', blank)];
  }
}

const listedPlayer = (player: PlayersAnswer['players'][number]): ListedPlayer => ({
  name: cut(player.name),
  score: player.score,
  duration: Number.isFinite(player.duration) ? Math.max(0, player.duration) : 0,
});

const COMPARED = [
  'name',
  'map',
  'game',
  'modDir',
  'appId',
  'version',
  'password',
  'secure',
  'dedicated',
  'region',
  'country',
  'gamePort',
  'verified',
  'source',
  'fakeIp',
] as const;

const hasOtherWords = (one: ListedServer, other: ListedServer): boolean =>
  COMPARED.some((key) => one[key] !== other[key]) ||
  one.tags.join() !== other.tags.join() ||
  one.flags.join() !== other.flags.join();

/** Times alone are no news, nor is a ping that trembles. */
function hasOtherNumbers(one: ListedServer, other: ListedServer): boolean {
  if (one.players !== other.players || one.maxPlayers !== other.maxPlayers) return true;
  if (one.bots !== other.bots) return true;
  if (one.ping === undefined || other.ping === undefined) return one.ping !== other.ping;
  return Math.abs(one.ping - other.ping) > Math.max(4, one.ping * 0.15);
}
