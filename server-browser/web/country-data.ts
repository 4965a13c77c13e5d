import { readFileSync } from 'node:fs';
import { messageOf, ServerError } from 'beaconry';

/** What a data file of countries says of an address. */
export interface Place {
  /** ISO 3166-1, two letters. */
  readonly country: string;
  /** Region of the master protocol, 0 to 7. */
  readonly region: number;
}

/** The records of country and city files; every field may be missing. */
interface PlaceRecord {
  readonly continent?: { readonly code?: unknown };
  readonly country?: { readonly iso_code?: unknown };
  readonly registered_country?: { readonly iso_code?: unknown };
  readonly location?: { readonly longitude?: unknown };
  /** Flat files: the code itself, or such fields. */
  readonly country_code?: unknown;
  readonly continent_code?: unknown;
}

const REGION_OF_CONTINENT: Readonly<Record<string, number>> = { SA: 2, EU: 3, AS: 4, OC: 5, AF: 7 };
const MIDDLE_EAST = new Set('AE BH CY EG IL IQ IR JO KW LB OM PS QA SA SY TR YE'.split(' '));
/** Degrees: west of it North America counts as its west. */
const WEST_BEGINS = -100;

/** Countries by address, from a file in MMDB format that the operator chose; none is shipped. */
export class CountryData {
  private constructor(private readonly lookUp: (host: string) => unknown) {}

  /** Errors `REGION_DATA`: the file or the optional package is missing, or it is another format. */
  static async open(path: string): Promise<CountryData> {
    let library: typeof import('mmdb-lib');
    try {
      library = await import('mmdb-lib');
    } catch (cause) {
      throw new ServerError(
        'REGION_DATA',
        'browser.regionData needs the package mmdb-lib: npm install mmdb-lib',
        { cause },
      );
    }
    try {
      const reader = new library.Reader(readFileSync(path));
      return new CountryData((host) => reader.get(host));
    } catch (cause) {
      throw new ServerError('REGION_DATA', `cannot read ${path}: ${messageOf(cause)}`, { cause });
    }
  }

  /** Undefined for addresses that the file does not know. */
  find(host: string): Place | undefined {
    let found: PlaceRecord | null;
    try {
      found = this.lookUp(host) as PlaceRecord | null;
    } catch {
      // A file for IPv4 alone throws for IPv6.
      return undefined;
    }
    if (found === null || typeof found !== 'object') return undefined;
    const code =
      found.country?.iso_code ??
      found.registered_country?.iso_code ??
      found.country_code ??
      (found.country as unknown);
    if (typeof code !== 'string' || !/^[A-Z]{2}$/.test(code)) return undefined;
    const continent = found.continent?.code ?? found.continent_code;
    return { country: code, region: regionOf(code, continent, found.location?.longitude) };
  }
}

function regionOf(country: string, continent: unknown, longitude: unknown): number {
  if (MIDDLE_EAST.has(country)) return 6;
  if (continent === 'NA') return typeof longitude === 'number' && longitude < WEST_BEGINS ? 1 : 0;
  return REGION_OF_CONTINENT[String(continent)] ?? 255;
}
