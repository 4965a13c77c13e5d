import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer, type TestServer } from 'beaconry/testing';
import type { Pace } from '../../../plugins/rally/driver-bot.js';
import { BeaconryProcess } from '../../end-to-end/beaconry-process.js';
import { writeOneStage } from './one-stage-rally.js';
import { RelayDriver } from './relay-driver.js';
import { APP, type Player, RelayPlatform } from './relay-platform.js';

const steady = (speed: number): Pace => ({
  metresAt: (seconds) => seconds * speed,
  secondsAt: (metres) => metres / speed,
});

/** Waits until something is so. */
export async function until(what: string, fits: () => boolean, seconds = 20): Promise<void> {
  for (const end = Date.now() + seconds * 1000; !fits(); ) {
    if (Date.now() > end) throw new Error(`never ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A rally on a node of its own, beside what players have; three of them are entered. */
export class PeerRally {
  readonly #folder = mkdtempSync(join(tmpdir(), 'beaconry-peers-'));
  readonly #drivers: RelayDriver[] = [];
  readonly #processes: BeaconryProcess[] = [];
  #definition = '';
  server!: TestServer;

  private constructor(
    readonly platform: RelayPlatform,
    private readonly players: readonly Player[],
  ) {}

  static async start(): Promise<PeerRally> {
    const platform = await RelayPlatform.start();
    return new PeerRally(platform, await Promise.all([1, 2, 3].map(() => platform.player())));
  }

  player(number: number): Player {
    return this.players[number - 1] as Player;
  }

  /** Hosts a rally of one stage. */
  async host(kilometres: number): Promise<void> {
    this.#definition = join(this.#folder, `${kilometres}`);
    const drivers = this.players.map(({ steamId }) => steamId);
    writeOneStage(this.#definition, { name: 'Fell', kilometres, drivers });
    this.server = await startTestServer({
      real: true,
      plugins: {
        'steam-backend': { backend: this.platform.url.replace('http', 'ws') },
        ...{ 'auth-sessions': {}, 'game-server': { appId: APP } },
        rally: { definition: this.#definition, startDelay: 0 },
      },
    });
  }

  async drive(number: number, speed: number): Promise<RelayDriver> {
    const driver = await RelayDriver.start(
      ...([this.platform, this.player(number), this.#definition, number] as const),
      ...([`${this.server.address('game')}`, steady(speed)] as const),
    );
    this.#drivers.push(driver);
    return driver;
  }

  /** The same by the command, as a player runs it. */
  async driveByCommand(number: number, ...more: string[]): Promise<BeaconryProcess> {
    const { platform } = this;
    const player = this.player(number);
    const ticket = await platform.ticketOf(player);
    const process = new BeaconryProcess(
      [
        ...['rally', 'drive', '+connect', `${this.server.address('game')}`],
        ...['--definition', this.#definition, '--number', `${number}`, '--ticket', ticket],
        ...['--coordinator', platform.url, '--root', platform.root, '--app', `${APP}`, ...more],
      ],
      { env: { BEACONRY_TOKEN: player.token } },
    );
    this.#processes.push(process);
    return process;
  }

  /** All drivers go, and the rally; the players stay. */
  async end(): Promise<void> {
    await Promise.all(this.#drivers.splice(0).map((driver) => driver.vanish()));
    await Promise.all(this.#processes.splice(0).map((process) => process.kill()));
    await this.server?.stop();
  }

  async close(): Promise<void> {
    await this.platform.stop();
    rmSync(this.#folder, { recursive: true });
  }
}
