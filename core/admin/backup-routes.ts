import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Type } from 'typebox';
import type { Backup } from '../backup/backup.js';
import { verifyBackup } from '../backup/backup-file.js';
import { ServerError } from '../errors.js';
import { HttpError } from '../http/http-error.js';
import type { Routes } from '../http/routes.js';
import type { AuditLog } from './audit-log.js';

/** How the last restore ended. */
export interface RestoreOutcome {
  readonly state: 'restored' | 'failed';
  readonly message: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface BackupRoutesOptions {
  readonly backup: Backup;
  readonly audit: AuditLog;
  /** Stops this node, puts the file in place and starts again; undefined when nobody can do that. */
  readonly restore: ((file: string) => void) | undefined;
  readonly lastRestore: RestoreOutcome | undefined;
}

/** More than any store should be. */
const maxBytes = 8 * 1024 ** 3;

/** Backups out of and into a running node, for the admin alone; one at a time. */
export const backupRoutes =
  ({ backup, audit, restore, lastRestore }: BackupRoutesOptions): Routes =>
  (scope) => {
    scope.addHook('onRequest', scope.requireAdmin);
    scope.addContentTypeParser('application/octet-stream', (_request, payload, done) =>
      done(null, payload),
    );
    let busy = false;
    const alone = async <T>(work: (file: string) => Promise<T>, keep: (done: T) => boolean) => {
      if (busy) throw new HttpError(409, 'BUSY', 'a backup or restore is under way; try again');
      busy = true;
      const file = backup.passingName();
      let kept = false;
      try {
        const done = await work(file);
        kept = keep(done);
        return done;
      } finally {
        busy = false;
        if (!kept) rmSync(file, { force: true });
      }
    };

    scope.post(
      '/backup',
      {
        schema: {
          summary: 'Writes a verified backup of the store and the key files, and sends it',
          body: Type.Object({ keys: Type.Optional(Type.Boolean({ default: true })) }),
          response: { 200: Type.Any({ description: 'The backup, application/octet-stream' }) },
        },
      },
      (request, reply) =>
        alone(
          async (file) => {
            const withKeys = request.body.keys ?? true;
            const manifest = await backup.write(file, { withKeys });
            const caller = { by: `admin at ${request.ip}`, source: 'http' } as const;
            await audit.write(caller, { backup: { ...manifest }, withKeys });
            const bytes = createReadStream(file);
            // The file is gone from the folder as soon as it is open, and from the disk when it was sent.
            await new Promise((resolve, reject) =>
              bytes.once('open', resolve).once('error', reject),
            );
            reply.type('application/octet-stream');
            return reply.send(bytes);
          },
          () => false,
        ),
    );

    scope.post(
      '/restore',
      {
        schema: {
          summary:
            'Verifies a backup; then this node stops, takes its content over and starts again',
          response: {
            202: Type.Object({
              created: Type.String(),
              version: Type.String(),
              node: Type.String(),
              entries: Type.Integer(),
              files: Type.Integer(),
            }),
          },
        },
      },
      async (request, reply) => {
        if (restore === undefined) {
          throw new HttpError(501, 'NO_RESTORE', 'this server is embedded: stop it and restore');
        }
        const body = request.body as NodeJS.ReadableStream;
        if (typeof body?.pipe !== 'function') {
          throw new HttpError(415, 'NO_BACKUP', 'send the backup as application/octet-stream');
        }
        const [file, manifest] = await alone(
          async (name) => {
            await pipeline(body, atMost(maxBytes), createWriteStream(name, { mode: 0o600 }));
            return [name, await verifyBackup(name).catch(refuse)] as const;
          },
          () => true,
        );
        // The answer must be out before the endpoint closes.
        reply.raw.once('finish', () => restore(file));
        return reply.code(202).send(manifest);
      },
    );

    scope.get(
      '/restore',
      {
        schema: {
          summary: 'How the last restore of this process ended',
          response: {
            200: Type.Object({
              state: Type.Union([
                Type.Literal('none'),
                Type.Literal('restored'),
                Type.Literal('failed'),
              ]),
              message: Type.Optional(Type.String()),
              at: Type.Optional(Type.String()),
            }),
          },
        },
      },
      () => lastRestore ?? { state: 'none' as const },
    );
  };

/** A backup that cannot be used is the caller's mistake, not ours. */
function refuse(error: unknown): never {
  if (error instanceof ServerError) throw new HttpError(422, error.code, error.message);
  throw error;
}

/** Passes bytes on and fails when there are too many. */
function atMost(limit: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen > limit) done(new HttpError(413, 'TOO_LARGE', `more than ${limit} bytes`));
      else done(null, chunk);
    },
  });
}
