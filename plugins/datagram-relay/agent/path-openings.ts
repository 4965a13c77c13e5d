import type { PeerAddress } from 'beaconry';
import { encodeSignedCertificate } from '../../coordinator/sdr/certificate-codec.js';
import type { Credentials } from '../../coordinator/sdr/player-credentials.js';
import { decodeRefused, Lead, type OpenOk } from '../relay-codec.js';
import type { Hop } from './hop.js';
import { PathOpening } from './path-opening.js';
import type { RelayAccess, SessionOwner } from './relay-access.js';
import { type Route, routeName } from './route-choice.js';
import type { RouteSearch } from './route-search.js';

export interface PathOpeningsOptions {
  readonly access: RelayAccess;
  readonly owner: SessionOwner;
  readonly credentials: Credentials;
  readonly ticket: Uint8Array;
  readonly endPart: Uint8Array;
  /** Is told of ways that lead nowhere. */
  readonly search: RouteSearch;
}

interface Attempt {
  readonly opening: PathOpening;
  readonly primary: boolean;
}

/** A way that a relay opened, and the server's answer that came with it. */
export interface OpenedPath {
  readonly hop: Hop;
  readonly ok: OpenOk;
  readonly route: Route;
  /** Whether it is to be used at once. */
  readonly primary: boolean;
}

const UNANSWERED = 1500;

/** Attempts of one connection to open ways to its server. */
export class PathOpenings {
  readonly #attempts = new Map<number, Attempt>();

  constructor(private readonly options: PathOpeningsOptions) {}

  get size(): number {
    return this.#attempts.size;
  }

  open(route: Route, primary: boolean, now: number): void {
    const { access, owner, credentials, ticket, endPart } = this.options;
    const id = access.newId(owner);
    const opening = new PathOpening(
      {
        id,
        route,
        endPart,
        certificate: encodeSignedCertificate(credentials.certificate),
        ticket,
        peerToPeer: false,
        sign: (bytes) => credentials.key.sign(bytes),
        send: (bytes, to) => access.send(bytes, to),
        cookie: () => access.cookie(route.first),
      },
      now,
    );
    this.#attempts.set(id, { opening, primary });
    opening.tick(now);
  }

  /** Sends what is due. `hasOther`: there is a way already, so that a slow relay may take its time. */
  tick(now: number, hasOther: boolean): void {
    for (const [id, { opening }] of this.#attempts) {
      const unanswered = now - opening.startedAt > UNANSWERED && !hasOther;
      if (!opening.tick(now) || unanswered) this.#giveUp(id, opening, now);
    }
  }

  /** OPEN_OK or REFUSED for one of the attempts; what it opened, if it did. */
  answer(id: number, bytes: Uint8Array, from: PeerAddress, now: number): OpenedPath | undefined {
    const found = this.#attempts.get(id);
    if (found === undefined) return undefined;
    const { opening, primary } = found;
    if (bytes[0] === Lead.refused) {
      const refused = decodeRefused(bytes);
      if (!opening.isRefusedBy(refused, from)) return undefined;
      this.options.search.refused(refused.code, refused.text);
      this.#giveUp(id, opening, now);
      return undefined;
    }
    const answered = opening.answered(bytes, from, now);
    if (answered === undefined) return undefined;
    this.#attempts.delete(id);
    return { ...answered, route: opening.options.route, primary };
  }

  /** Ends; ids are free again. */
  release(): void {
    for (const id of this.#attempts.keys()) this.options.access.dropId(id);
    this.#attempts.clear();
  }

  #giveUp(id: number, opening: PathOpening, now: number): void {
    this.#attempts.delete(id);
    this.options.access.dropId(id);
    this.options.search.avoid(routeName(opening.options.route), now);
  }
}
