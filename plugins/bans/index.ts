import { definePlugin, list, messageOf } from 'beaconry';
import { banCommands } from './ban-commands.js';
import { isUrl } from './ban-list-reader.js';
import { banRoutes } from './ban-routes.js';
import { BanStore } from './ban-store.js';
import { BanTable } from './ban-table.js';
import { ImportedLists } from './imported-lists.js';
import { BanLists, Bans, BansAdded, BansRemoved } from './public.js';

/** Milliseconds between two looks whether another node changed what it could not tell. */
const synchroniseInterval = 60_000;
const shortestRefresh = 10_000;

export default definePlugin({
  name: 'bans',
  api: 1,
  doc: 'Keeps out addresses, servers, SteamIDs and accounts: endpoints are silent to banned addresses.',
  provides: [Bans, BanLists],
  commands: banCommands,
  config: {
    import: {
      doc: 'Lists of bans (JSON lines) from elsewhere; each replaces what it said before.',
      format: list({
        file: {
          doc: 'File of the list, relative to this file; either this or url.',
          format: String,
          default: null,
          nullable: true,
        },
        url: {
          doc: 'Address of the list, https.',
          format: String,
          default: null,
          nullable: true,
        },
        refresh: { doc: 'Time between two readings.', format: 'duration', default: '1h' },
        sha256: {
          doc: 'SHA-256 that the list must have, in hex; null accepts what comes.',
          format: 'hex',
          default: null,
          nullable: true,
        },
      }),
      default: [],
    },
    maxListSize: { doc: 'Largest list that is read.', format: 'bytes', default: '32MiB' },
    listTimeout: {
      doc: 'How long reading one list may take.',
      format: 'duration',
      default: '30s',
    },
  },

  async setup(context, config) {
    const { clock, log } = context;
    const silence = context.refuseAddresses((address, endpoint) =>
      table.isAddressBanned(address, endpoint),
    );
    const table = new BanTable({
      store: new BanStore(context.store),
      bus: context.bus,
      clock,
      node: context.server.node,
      onAdded(bans) {
        silence();
        context.emit(BansAdded, { bans });
      },
      onRemoved: (bans) => context.emit(BansRemoved, { bans }),
      onError: (error) => log.error(`cannot read bans from the store: ${messageOf(error)}`),
    });
    const sources = config.import.map((entry) => ({ ...entry, source: sourceOf(entry) }));
    const lists = new ImportedLists({
      table,
      clock,
      limits: { bytes: config.maxListSize, time: config.listTimeout },
      folder: context.server.configFolder,
      pins: new Map(
        sources.flatMap(({ source, sha256 }) => (sha256 === null ? [] : [[source, sha256]])),
      ),
    });
    const read = async (source: string): Promise<void> => {
      try {
        const { bans, added, removed } = await lists.import(source);
        if (added + removed === 0) return;
        log.info({ source, bans, added, removed }, 'took up a list of bans');
        const caller = { by: 'bans', source: 'plugin' } as const;
        await context.audit(caller, { imported: source, bans, added, removed });
      } catch (error) {
        failures.value++;
        log.error(messageOf(error));
      }
    };
    const failures = context.metrics.counter(
      'list_failures_total',
      'Lists of bans that could not be read; the old ones stayed.',
    );
    context.metrics.gauge('bans', 'Bans that hold.', () => table.size);
    context.provide(Bans, table);
    context.provide(BanLists, lists);
    context.http(
      banRoutes(table, clock, (caller, action) => context.audit(caller, action)),
      {
        endpoint: 'admin',
        prefix: '/v1/admin',
        ifPresent: true,
      },
    );

    // Whom to keep out is not forgotten because he asks for it; the operator hears that it is kept.
    context.onForget(({ kind, text }) => {
      const kept = table.list({ subject: kind === 'account' ? `account:${text}` : text }).length;
      return kept === 0 ? undefined : `kept ${kept} bans; lift them with "beaconry ban remove"`;
    });
    context.defer(table.listen());
    await table.synchronise();
    for (const { source, refresh } of sources) {
      // A slow site must not keep the server from starting; what it said last time holds already.
      if (isUrl(source)) context.after(0, () => read(source));
      else await read(source);
      context.every(Math.max(refresh, shortestRefresh), () => read(source));
    }
    context.every(1000, () => table.expire());
    context.every(synchroniseInterval, () => table.synchronise());
  },
});

function sourceOf({
  file,
  url,
}: {
  readonly file: string | null;
  readonly url: string | null;
}): string {
  const source = file ?? url;
  if (source === null || (file !== null && url !== null)) {
    throw new TypeError('an entry of "import" needs either file or url');
  }
  if (file !== null && isUrl(file)) throw new TypeError(`${file} is no file; write "url:" for it`);
  return source;
}
