import { type Clock, messageOf, ServerError } from 'beaconry';
import { EResult } from 'beaconry/steam';
import type { SteamClient } from 'beaconry/steam-client';
import { type Static, type TObject, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { refuse } from '../call-error.js';
import { base64 } from '../json-value.js';
import { SignalLog } from '../signal-log.js';
import type { SocketParty } from '../socket-party.js';

export type TicketKind = 'session' | 'webapi';

interface PlayerCall {
  readonly args: TObject;
  run(player: PlayerConnection, args: never): unknown;
}
const call = <A extends TObject>(
  args: A,
  run: (player: PlayerConnection, args: Static<A>) => unknown,
): PlayerCall => ({ args, run: run as PlayerCall['run'] });

const appId = Type.Integer({ minimum: 1, maximum: 0xffffffff });
const identity = Type.Optional(Type.String({ maxLength: 128 }));
const closed = { additionalProperties: false } as const;
const handle = Type.Integer({ minimum: 0, maximum: 0xffffffff });

/** What a player may call over a socket. */
const calls: Readonly<Record<string, PlayerCall>> = {
  GetSteamID: call(Type.Object({}, closed), (player) => player.steamId.toString()),
  GetAuthSessionTicket: call(Type.Object({ appId, identity }, closed), (player, args) =>
    player.ticket(args.appId, 'session', args.identity),
  ),
  GetAuthTicketForWebApi: call(Type.Object({ appId, identity }, closed), (player, args) =>
    player.ticket(args.appId, 'webapi', args.identity),
  ),
  CancelAuthTicket: call(Type.Object({ handle }, closed), (player, args) =>
    player.cancel(args.handle),
  ),
};
const validators = new Map(
  Object.entries(calls).map(([name, { args }]) => [name, Compile(args)] as const),
);

/** A player who is logged on through this process. */
export class PlayerConnection implements SocketParty {
  readonly signals = new SignalLog({ count: 256, characters: 32 * 1024 });
  readonly id = crypto.randomUUID();
  sockets = 0;
  lastUsed: number;
  readonly #endListeners = new Set<() => void>();
  #ended = false;

  constructor(
    readonly client: SteamClient,
    readonly steamId: bigint,
    /** The app it said it plays; undefined when it did not say. */
    readonly appId: number | undefined,
    readonly address: string,
    private readonly clock: Clock,
  ) {
    this.lastUsed = clock.monotonic();
    client.onLost((result, retrying) => {
      this.signals.append('server_disconnected', { result });
      if (!retrying) this.end();
    });
  }

  touch(): void {
    this.lastUsed = this.clock.monotonic();
  }

  /** Made once the backend knows it; error 409 `NO_TICKET`. */
  async ticket(
    app: number,
    kind: TicketKind,
    identityOf?: string,
  ): Promise<{ readonly handle: number; readonly ticket: string }> {
    try {
      const { handle, bytes } =
        kind === 'session'
          ? await this.client.getAuthSessionTicket(app, identityOf)
          : await this.client.getTicketForWebApi(app, identityOf ?? '');
      const ticket = base64(bytes);
      if (kind === 'session') {
        const said = { auth_ticket: handle, result: EResult.OK };
        this.signals.append('get_auth_session_ticket_response', said);
      } else {
        this.signals.append('get_ticket_for_web_api', {
          ...{ auth_ticket: handle, result: EResult.OK },
          ...{ ticket_size: bytes.length, buffer: bytes },
        });
      }
      return { handle, ticket };
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      throw refuse(409, 'NO_TICKET', messageOf(error));
    }
  }

  cancel(ticket: number): void {
    this.client.cancelAuthTicket(ticket);
  }

  call(name: string, args: unknown): unknown {
    const found = Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (found === undefined) {
      throw refuse(404, 'NO_CALL', `players have no call ${JSON.stringify(name.slice(0, 60))}`);
    }
    const given = args ?? {};
    if (validators.get(name)?.Check(given) !== true) {
      throw refuse(400, 'INVALID_REQUEST', `args of ${name} are not as documented`);
    }
    return found.run(this, given as never) ?? null;
  }

  onEnd(listener: () => void): () => void {
    this.#endListeners.add(listener);
    return () => this.#endListeners.delete(listener);
  }

  /** Without a goodbye; `client.logOff` says one. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.client.close();
    for (const listener of [...this.#endListeners]) listener();
  }
}
