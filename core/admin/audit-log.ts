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

  /** Blanks texts wherever they stand as whole words; says in how many entries. */
  async forget(texts: readonly string[]): Promise<number> {
    let count = 0;
    let after = '';
    const either = texts.map(escapeRegExp).join('|');
    const pattern = new RegExp(`(?<![\\w.:])(?:${either})(?![\\w.])`, 'g');
    for (;;) {
      const page = await this.store.scan<Json & AuditEntry>('', { after, limit: 1000 });
      for (const [key, entry] of page) {
        const blanked = blank(entry, pattern) as Json & AuditEntry;
        if (JSON.stringify(blanked) === JSON.stringify(entry)) continue;
        const ttl = Math.max(1, Date.parse(entry.at) + this.retention - this.clock.now());
        await this.store.set(key, blanked, { ttl });
        count++;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < 1000) return count;
      after = last[0];
    }
  }

  /** Keys fall as time rises, so that a scan from the start gives the newest. */
  #key(now: number): string {
    this.#sequence = (this.#sequence + 1) % 1_000_000;
    const time = String(9_999_999_999_999 - now).padStart(13, '0');
    return `${time}-${String(999_999 - this.#sequence).padStart(6, '0')}`;
  }
}

const escapeRegExp = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function blank(value: Json, pattern: RegExp): Json {
  if (typeof value === 'string') return value.replace(pattern, '[forgotten]');
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => blank(item, pattern));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, blank(item as Json, pattern)]),
  );
}
