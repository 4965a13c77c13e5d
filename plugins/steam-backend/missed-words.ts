import { randomBytes } from 'node:crypto';
import { EAuthSessionResponse, EResult, SteamID } from 'beaconry/steam';
import type { HeldConnection } from './connections.js';
import { toldOf } from './licences.js';
import type { LocalBackend } from './local-backend.js';

const key = 'community';
const atOnce = 64;

/**
 * After a time in which words of other nodes did not arrive: everybody who is attached here is told what the store
 * says became of him and of his sessions. What he knows already changes nothing.
 */
export class MissedWords {
  #community: string | undefined;

  constructor(private readonly backend: LocalBackend) {}

  /** Remembers which community this is. */
  async start(): Promise<void> {
    this.#community = await this.#find();
  }

  async catchUp(): Promise<void> {
    const { connections, ownership } = this.backend;
    ownership.forgetAll();
    const community = await this.#find();
    const isEmpty = community !== this.#community;
    this.#community = community;
    // A store that came back without what it held knows nothing to tell: who is here stays.
    if (isEmpty) return;
    const all = [...connections.all];
    while (all.length > 0) {
      await Promise.all(all.splice(0, atOnce).map((held) => this.#tell(held)));
    }
  }

  async #find(): Promise<string | undefined> {
    const { marks } = this.backend.tables;
    await marks.setIfAbsent(key, randomBytes(8).toString('hex'));
    return marks.get(key);
  }

  async #tell(held: HeldConnection): Promise<void> {
    const { connections, tables } = this.backend;
    const online = await tables.online.get(held.steamId.toString());
    // He may have logged off meanwhile.
    if (connections.heldBy(held.connection) !== held) return;
    if (online !== held.connection) {
      // Without another logon it is not known why; trying again tells him.
      const replaced = online !== undefined;
      const result = replaced ? EResult.LogonSessionReplaced : EResult.NoConnection;
      connections.end(held, { event: 'lost', result, retrying: !replaced });
      return;
    }
    await this.#tellPolicy(held);
    for (const [name, session] of await tables.sessions.all(`${held.steamId}/`)) {
      const steamId = BigInt(name.slice(name.indexOf('/') + 1));
      if (session.response === EAuthSessionResponse.OK) {
        if (!new SteamID(steamId).isGameServer) await this.#tellLicences(held, steamId);
        continue;
      }
      held.events.verdict({
        ...{ steamId, session: session.session, response: session.response },
        ...{ ownerId: BigInt(session.owner), licences: [] },
      });
    }
  }

  async #tellPolicy({ steamId, connection, secure, events }: HeldConnection): Promise<void> {
    if (secure === undefined) return;
    const record = await this.backend.tables.connections.get(connection);
    if (record === undefined) return;
    const now = await this.backend.isSecure(steamId, record.appId, record.mode);
    if (now !== secure) events.policy?.(now);
  }

  async #tellLicences({ events }: HeldConnection, steamId: bigint): Promise<void> {
    events.licences(steamId, toldOf(await this.backend.licences.owned(steamId)));
  }
}
