import { readFileSync } from 'node:fs';

/** The folder of the running package. */
export const packageRoot = new URL('../../', import.meta.url);

interface PackageInfo {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** The package.json of the running host. */
export const packageInfo = JSON.parse(
  readFileSync(new URL('package.json', packageRoot), 'utf8'),
) as PackageInfo;
