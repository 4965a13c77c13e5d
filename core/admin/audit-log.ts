import type { Clock } from '../clock.js';
import type { CommandCaller } from '../commands/command.js';
import type { Json, Store } from '../store/store.js';

/** What was done; plain data without secrets. */
export type AuditedAction = { readonly [key: string]: Json };

export interface AuditEntry extends CommandCaller {
  /** ISO 8601. */
  readonly at: string;
  readonly action: AuditedAction;
}

/** Who did what and when, kept in the store for the time that `retention.audit` says. */
export class AuditLog {
  #sequence = 0;

  constructor(
    private readonly store: Store,
    private readonly clock: Pick<Clock, 'now'>,
    /** Milliseconds. */
    private readonly retention: number,
  ) {}

  /** Resolves when the entry is durable. */
  async write(caller: CommandCaller, action: AuditedAction): Promise<void> {
    const now = this.clock.now();
    const entry = { ...caller, at: new Date(now).toISOString(), action };
    await this.store.set(this.#key(now), entry, { ttl: this.retention });
  }

  /** The newest entries first. */
  async newest(limit: number): Promise<AuditEntry[]> {
    const entries = await this.store.scan<Json & AuditEntry>('', { limit });
    return entries.map(([, entry]) => entry);
  }

  /** Keys fall as time rises, so that a scan from the start gives the newest. */
  #key(now: number): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    const time = String(9_999_999_999_999 - now).padStart(13, '0');
    return `${time}-${String(999_999 - this.#sequence).padStart(6, '0')}`;
  }
}
