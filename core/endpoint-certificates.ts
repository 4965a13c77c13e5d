import type { Clock } from './clock.js';
import type { EndpointConfig } from './config/server-config.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import { certificateWarning, readTlsFiles, type TlsFiles } from './net/tls-files.js';

export interface CertificateParts {
  readonly clock: Pick<Clock, 'now' | 'every'>;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const day = 86_400_000;

/** The certificates of all endpoints that speak TLS: when they end, and new ones while running. */
export class EndpointCertificates {
  readonly #endpoints: readonly EndpointConfig[];
  readonly #files = new Map<string, TlsFiles>();
  readonly #takers = new Map<string, (files: TlsFiles) => void>();

  constructor(
    endpoints: Iterable<EndpointConfig>,
    private readonly parts: CertificateParts,
  ) {
    this.#endpoints = [...endpoints].filter(({ tls }) => tls !== undefined);
    for (const { name } of this.#endpoints) {
      parts.metrics.gauge(
        'expires_timestamp_seconds',
        'When the certificate of the endpoint ends.',
        () => (this.#files.get(name)?.expires ?? Number.NaN) / 1000,
        { endpoint: name },
      );
    }
  }

  /** Who is told of new files of an endpoint. */
  onRenewed(endpoint: string, take: (files: TlsFiles) => void): void {
    this.#takers.set(endpoint, take);
  }

  /** Reads all files, says which end soon, and looks again every day; the returned function ends that. */
  start(): () => void {
    if (this.#endpoints.length === 0) return () => {};
    for (const [name, files] of this.#read()) this.#files.set(name, files);
    this.#warn();
    return this.parts.clock.every(day, () => this.#warn());
  }

  /** Reads all files again; when one is wrong nothing changes. Error `TLS_FILES`. */
  renew(): void {
    const next = this.#read();
    for (const [name, files] of next) {
      const before = this.#files.get(name);
      if (before?.cert.equals(files.cert) === true && before.key.equals(files.key)) continue;
      this.#takers.get(name)?.(files);
      this.#files.set(name, files);
      const until = new Date(files.expires).toISOString().slice(0, 10);
      this.parts.log.info({ endpoint: name, until }, 'took a new certificate');
    }
    this.#warn();
  }

  #read(): Map<string, TlsFiles> {
    return new Map(
      this.#endpoints.flatMap(({ name, tls }) =>
        tls === undefined ? [] : [[name, readTlsFiles(name, tls)] as const],
      ),
    );
  }

  #warn(): void {
    const { clock, log } = this.parts;
    for (const [endpoint, { expires }] of this.#files) {
      const days = Math.floor((expires - clock.now()) / day);
      if (days >= certificateWarning) continue;
      const when = days < 0 ? 'has ended' : `ends in ${days} days`;
      log.warn(
        { endpoint },
        `the certificate of endpoint ${endpoint} ${when}: renew it and reload`,
      );
    }
  }
}
