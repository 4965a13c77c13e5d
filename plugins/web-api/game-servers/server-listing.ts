import { type Clock, PeerAddress } from 'beaconry';
import type { ServerDirectory } from 'beaconry/plugins/browser';
import type { GameServerSnapshot } from 'beaconry/plugins/game-server';
import type { RegisterResult, ServerDescription, ServerRegistrar } from 'beaconry/plugins/master';
import { isoTime } from '../json-value.js';
import { challengeRequest } from './address-proof.js';
import { splitTags } from './game-server-view.js';
import type { HostedGameServer } from './hosted-game-server.js';

export interface ListingParts {
  readonly registrar: ServerRegistrar | undefined;
  readonly directory: ServerDirectory | undefined;
  readonly clock: Clock;
}

/** Milliseconds between two joins at the master, between two changes that are told, and between two proofs. */
const REJOIN = 30_000;
const LEAST_GAP = 1000;
const PROOF_GAP = 3000;

/** Where a game server stands in the lists of this node. */
export type ListingState = 'off' | 'directory' | RegisterResult;

/** Another place at which a server is listed: what vouches for its address also registers it there. */
export interface ListingPlace {
  readonly address: PeerAddress;
  /** Undefined where no list of registered servers is kept. */
  register(description: ServerDescription): RegisterResult | undefined;
  withdraw(): void;
}

/** Keeps one game server in the lists of this node while it is advertised. */
export class ServerListing {
  readonly #address: PeerAddress;
  readonly #endWatch: () => void;
  #told = Number.NEGATIVE_INFINITY;
  #asked = Number.NEGATIVE_INFINITY;
  #dirty = true;
  #atMaster = false;
  #challenge: number | undefined;
  #state: ListingState = 'off';
  #offDirectory: (() => void) | undefined;
  #place: ListingPlace | undefined;

  constructor(
    private readonly hosted: HostedGameServer,
    private readonly parts: ListingParts,
    /** Hands a challenge request to the game, to be sent from its socket. */
    private readonly askFor: (request: Uint8Array, port: number) => void,
  ) {
    this.#address = PeerAddress.of(hosted.address, hosted.listedPort);
    this.#endWatch = hosted.state.onChange(() => {
      this.#dirty = true;
    });
  }

  get state(): ListingState {
    return this.#state;
  }

  /** From now on it is listed there alone, and at its own address again with undefined. */
  moveTo(place: ListingPlace | undefined): void {
    const from = this.#place?.address ?? this.#address;
    if (!from.equals(place?.address ?? this.#address)) {
      this.#withdraw();
      this.#told = Number.NEGATIVE_INFINITY;
    }
    this.#place = place;
    this.#dirty = true;
  }

  /** The game got this challenge at its query port, as it says. */
  proves(challenge: number): void {
    this.#challenge = challenge;
    this.#dirty = true;
  }

  /** Tells what is new, or that the server is still there; called often. */
  update(): void {
    const elapsed = this.parts.clock.monotonic() - this.#told;
    const isListed = this.#atMaster || this.#offDirectory !== undefined;
    if (!this.hosted.state.snapshot.advertise) {
      if (isListed) this.#withdraw();
    } else if (!isListed || elapsed >= REJOIN || (this.#dirty && elapsed >= LEAST_GAP)) {
      // Who just proved its port is listed at once.
      const hasProof = !isListed && this.#challenge !== undefined;
      if (elapsed >= LEAST_GAP || hasProof) this.#tell();
    }
  }

  end(): void {
    this.#endWatch();
    this.#withdraw();
  }

  #tell(): void {
    const { registrar, directory, clock } = this.parts;
    this.#told = clock.monotonic();
    this.#dirty = false;
    const { snapshot, players } = this.hosted.state;
    const description = describe(snapshot, players.length);
    const placed = this.#place?.register(description);
    if (placed !== undefined) {
      this.#state = placed;
      this.#atMaster = placed === 'listed' || placed === 'outdated';
      return;
    }
    if (registrar !== undefined && this.#place === undefined) {
      const claim = { owner: this, challenge: this.#challenge };
      this.#challenge = undefined;
      const result = registrar.register(this.#address, description, claim);
      this.#state = result;
      this.#atMaster = result === 'listed' || result === 'outdated';
      if (result === 'outdated') this.hosted.server.requestRestart();
      if (result === 'taken' || result === 'unproven') this.#askForProof(registrar.port);
      return;
    }
    this.#state = 'directory';
    this.#offDirectory?.();
    const address = this.#place?.address ?? this.#address;
    this.#offDirectory = directory?.add('web-api', {
      address: address.toString(),
      ...(this.#place === undefined
        ? { gamePort: this.hosted.init.gamePort }
        : { gamePort: address.port, fakeIp: address.toString() }),
      queryPort: address.port,
      name: snapshot.name,
      map: snapshot.map,
      game: snapshot.description,
      modDir: snapshot.modDir,
      appId: snapshot.appId,
      version: snapshot.version,
      product: snapshot.product,
      tags: splitTags(snapshot.tags),
      gameData: snapshot.gameData,
      region: snapshot.region,
      players: players.length,
      maxPlayers: snapshot.maxPlayers,
      bots: snapshot.bots,
      password: snapshot.password,
      secure: snapshot.secure,
      dedicated: snapshot.serverType === 'd',
      os: snapshot.os,
      ...(snapshot.steamId === null ? {} : { steamId: snapshot.steamId.toString() }),
      lastSeen: isoTime(clock.now()),
    });
  }

  /** The game's own socket asks: what the master answers there proves the port when it is handed in. */
  #askForProof(port: number | undefined): void {
    const now = this.parts.clock.monotonic();
    if (port === undefined || now - this.#asked < PROOF_GAP) return;
    this.#asked = now;
    this.askFor(challengeRequest, port);
  }

  #withdraw(): void {
    this.#state = 'off';
    if (this.#place !== undefined) this.#place.withdraw();
    else if (this.#atMaster) this.parts.registrar?.withdraw(this.#address, this);
    this.#atMaster = false;
    this.#offDirectory?.();
    this.#offDirectory = undefined;
  }
}

const describe = (snapshot: GameServerSnapshot, players: number): ServerDescription => ({
  // COMPAT: INFO says 17 for Source and a join says 7.
  protocol: snapshot.protocol === 17 ? 7 : snapshot.protocol,
  players: Math.min(players, 255),
  maxPlayers: Math.min(snapshot.maxPlayers, 255),
  bots: Math.min(snapshot.bots, 255),
  name: snapshot.name,
  map: snapshot.map,
  modDir: snapshot.modDir,
  product: snapshot.product,
  version: snapshot.version,
  appId: snapshot.appId,
  serverType: snapshot.serverType,
  os: snapshot.os,
  password: snapshot.password,
  secure: snapshot.secure,
  lan: false,
  nat: false,
  region: snapshot.region,
  tags: snapshot.tags ?? '',
  gameData: snapshot.gameData,
  gamePort: snapshot.gamePort,
  spectatorPort: snapshot.spectatorPort,
});
