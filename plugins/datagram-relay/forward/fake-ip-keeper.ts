import { type Clock, messageOf } from 'beaconry';
import type { CoordinatorClient, FakeIpGrant } from '../../coordinator/sdr/coordinator-client.js';
import type { HostedServer } from '../../coordinator/sdr/hosted-server.js';
import type { GameFacts } from './game-facts.js';

export interface FakeIpKeeperOptions {
  readonly clock: Clock;
  readonly hosted: Pick<HostedServer, 'login'>;
  readonly coordinator: Pick<CoordinatorClient, 'fakeIp'>;
  /** Ports of the FakeIP that are wanted. */
  readonly ports: number;
  /** What the game says of itself now. */
  facts(): Promise<GameFacts | undefined>;
  onFailure(message: string): void;
}

const LOOK_EVERY = 10_000;
const KEEP_EVERY = 60_000;

/** Keeps the FakeIP of a hosted server and its line in the list, with what the game says of itself. */
export class FakeIpKeeper {
  #grant: FakeIpGrant | undefined;
  #isOpen = false;
  #said = '';
  #saidAt = Number.NEGATIVE_INFINITY;
  #stopTimer: (() => void) | undefined;
  #looking: Promise<void> | undefined;

  constructor(private readonly options: FakeIpKeeperOptions) {}

  /** Undefined: none yet, or the last word was too long ago. */
  get grant(): FakeIpGrant | undefined {
    const age = this.options.clock.monotonic() - this.#saidAt;
    return age < (this.#grant?.expiresIn ?? 0) * 1000 ? this.#grant : undefined;
  }

  /** Whether there is room for players; a game that says nothing of itself has some. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Resolves after the first attempt. */
  async start(): Promise<this> {
    await this.look();
    this.#stopTimer = this.options.clock.every(LOOK_EVERY, () => void this.look());
    return this;
  }

  async stop(): Promise<void> {
    this.#stopTimer?.();
    // What is still on its way would have the FakeIP again after it was given back.
    await this.#looking;
    if (this.grant === undefined) return;
    await this.#say({ ports: 0, open: false }).catch(() => {});
  }

  /** Says what is new, or that the server is still there. */
  look(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const server = await this.options.facts();
      this.#isOpen = server === undefined || server.players < server.maxPlayers;
      const wish = { ports: this.options.ports, open: this.#isOpen, ...(server && { server }) };
      const isNews = JSON.stringify(wish) !== this.#said;
      const age = this.options.clock.monotonic() - this.#saidAt;
      if (!isNews && age < KEEP_EVERY) return;
      this.#grant = await this.#say(wish);
      this.#said = JSON.stringify(wish);
      this.#saidAt = this.options.clock.monotonic();
    } catch (error) {
      this.options.onFailure(messageOf(error));
    }
  }

  #say(fakeIp: object): Promise<FakeIpGrant> {
    const login = this.options.hosted.login(Buffer.from(JSON.stringify({ fakeIp })));
    return this.options.coordinator.fakeIp(login);
  }
}
