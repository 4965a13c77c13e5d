import type { ServerReport } from 'beaconry/plugins/steam-backend';
import type { GameServerState } from './public.js';
import { ServerHeartbeat } from './server-heartbeat.js';
import { ServerPresentation, type SteamGameServerParts } from './server-presentation.js';

/** Whether the server is shown, and how often it says that it is there (2.3, #26 and #27). */
export abstract class ServerAdvertising extends ServerPresentation {
  protected readonly gameState: GameServerState;
  protected readonly heartbeat: ServerHeartbeat;

  protected constructor(parts: SteamGameServerParts) {
    super(parts);
    this.gameState = parts.state;
    this.heartbeat = new ServerHeartbeat(
      parts.clock,
      () => this.state === 'on',
      () => this.forceHeartbeat(),
    );
  }

  /** To the backend, if one is there. */
  protected abstract report(report: Omit<ServerReport, 'version'>): void;

  setAdvertiseServerActive(active: boolean): void {
    if (!this.isUp) return;
    this.heartbeat.advertised = active;
    this.publish({});
    this.heartbeat.restart(active);
  }
  enableHeartbeats(active: boolean): void {
    this.setAdvertiseServerActive(active);
  }
  setAdvertiseServerAction(active: boolean): void {
    this.setAdvertiseServerActive(active);
  }

  /** -1 is the default of 30 s; milliseconds unless configured otherwise; 250 ms to 600 s take effect. */
  setHeartbeatInterval(interval: number): void {
    if (!this.isUp) return;
    if (!this.heartbeat.setInterval(interval, this.parts.options.heartbeatUnit)) {
      this.ignored('heartbeatInterval', interval);
    }
  }

  /** Effective interval in milliseconds. */
  get heartbeatInterval(): number {
    return this.heartbeat.interval;
  }

  forceHeartbeat(): void {
    const { product } = this.gameState.snapshot;
    const players = this.gameState.players.length;
    this.report({ product, players, advertised: this.heartbeat.advertised });
  }

  /** What `setAdvertiseServerActive` said last. */
  get advertising(): boolean {
    return this.heartbeat.advertised;
  }
}
