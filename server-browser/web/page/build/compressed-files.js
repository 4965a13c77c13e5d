import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';

/** Writes `.gz` and `.br` beside every file that is not a page itself: pages get the operator's settings first. */
export const compressedFiles = () => ({
  name: 'compressed-files',
  apply: 'build',
  writeBundle({ dir }) {
    for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(js|css|json|svg|webmanifest)$/.test(entry.name)) continue;
      const file = join(entry.parentPath, entry.name);
      const plain = readFileSync(file);
      writeFileSync(`${file}.gz`, gzipSync(plain, { level: 9 }));
      writeFileSync(`${file}.br`, brotliCompressSync(plain));
    }
  },
});
