import type { Clock } from './clock.js';
import type { EndpointConfig, ServerConfig } from './config/server-config.js';
import { EndpointCertificates } from './endpoint-certificates.js';
import { HttpEndpoint } from './http/http-endpoint.js';
import type { Logger } from './logger.js';
import type { MetricsRegistry } from './metrics.js';
import { AddressFilters } from './net/address-filter.js';
import type { OpenDriver } from './net/drivers/choose-driver.js';
import type { PeerAddress } from './net/peer-address.js';
import { TcpListener } from './net/tcp-listener.js';
import { UdpListener } from './net/udp-listener.js';

export interface EndpointsOptions {
  readonly config: ServerConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: MetricsRegistry;
  readonly openDriver: OpenDriver;
  readonly poison: boolean;
}

/** A bound address as the ready line shows it. */
export interface BoundEndpoint {
  readonly protocol: 'udp' | 'tcp' | 'http';
  readonly host: string;
  readonly port: number;
}

/** Everything the configuration binds, by name. */
export class ServerEndpoints {
  readonly udp = new Map<string, UdpListener>();
  readonly tcp = new Map<string, TcpListener>();
  readonly http = new Map<string, HttpEndpoint>();
  readonly filters = new AddressFilters();

  readonly certificates: EndpointCertificates;
  #endWarnings: () => void = () => {};

  constructor(private readonly options: EndpointsOptions) {
    const { clock, log, metrics, config } = options;
    this.certificates = new EndpointCertificates(config.endpoints.values(), {
      clock,
      log,
      metrics: metrics.prefixed('tls'),
    });
    for (const endpoint of config.endpoints.values()) this.#add(endpoint);
    for (const endpoint of [...this.tcp.values(), ...this.http.values()]) {
      this.certificates.onRenewed(endpoint.name, (files) => endpoint.useCertificate(files));
    }
  }

  /** Builds the routes, then binds all; what was bound is released when one fails. */
  async open(): Promise<void> {
    for (const endpoint of this.http.values()) await endpoint.build();
    this.#endWarnings = this.certificates.start();
    try {
      for (const endpoint of this.udp.values()) await endpoint.bind();
      for (const endpoint of this.tcp.values()) await endpoint.bind();
      for (const endpoint of this.http.values()) await endpoint.listen();
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  stopAccepting(): void {
    for (const endpoint of this.tcp.values()) endpoint.stopAccepting();
  }

  async close(graceMs: number): Promise<void> {
    this.#endWarnings();
    await Promise.all([
      ...[...this.http.values()].map((endpoint) => endpoint.close(graceMs)),
      ...[...this.tcp.values()].map((endpoint) => endpoint.close(graceMs)),
      ...[...this.udp.values()].map((endpoint) => endpoint.close()),
    ]);
  }

  bound(): Record<string, BoundEndpoint[]> {
    const all: Record<string, BoundEndpoint[]> = {};
    const put = (
      name: string,
      protocol: BoundEndpoint['protocol'],
      addresses: readonly PeerAddress[],
    ) => {
      all[name] = addresses.map(({ host, port }) => ({ protocol, host, port }));
    };
    for (const [name, endpoint] of this.udp) {
      put(name, 'udp', endpoint.isShared ? [] : endpoint.addresses);
    }
    for (const [name, endpoint] of this.tcp) put(name, 'tcp', endpoint.addresses);
    for (const [name, endpoint] of this.http) put(name, 'http', endpoint.addresses);
    return all;
  }

  /** Which driver carries each UDP endpoint. */
  drivers(): Record<string, string> {
    return Object.fromEntries([...this.udp.values()].map((one) => [one.name, one.driverName]));
  }

  /** Endpoints with their counters, for operators. */
  describe(): object[] {
    const bound = this.bound();
    return [
      ...[...this.udp.values()].map(({ name, driverName, traffic, counters }) => ({
        name,
        protocol: 'udp',
        driver: driverName,
        bound: bound[name],
        ...traffic,
        ...counters,
      })),
      ...[...this.tcp.values()].map(({ name, open, counters }) => ({
        name,
        protocol: 'tcp',
        bound: bound[name],
        open,
        ...counters,
      })),
      ...[...this.http.values()].map(({ name }) => ({
        name,
        protocol: 'http',
        bound: bound[name],
      })),
    ];
  }

  #add(endpoint: EndpointConfig): void {
    const { config, clock, log, metrics, openDriver, poison, version } = this.options;
    const { name, binds } = endpoint;
    const tls = endpoint.tls === undefined ? {} : { tls: endpoint.tls };
    // Whoever filters too much must be able to take it back.
    const filters = name === 'admin' ? {} : { filters: this.filters };
    switch (endpoint.protocol) {
      case 'udp':
        this.udp.set(
          name,
          new UdpListener({
            name,
            binds,
            shared: endpoint.shared,
            clock,
            log,
            metrics: metrics.prefixed('udp'),
            openDriver,
            poison,
            ...filters,
          }),
        );
        break;
      case 'tcp':
        this.tcp.set(
          name,
          new TcpListener({
            name,
            binds,
            ...tls,
            ...filters,
            log,
            metrics: metrics.prefixed('tcp'),
            trustedProxies: config.trustedProxies,
          }),
        );
        break;
      case 'http':
        this.http.set(
          name,
          new HttpEndpoint({
            name,
            binds,
            ...tls,
            ...filters,
            log,
            trustedProxies: config.trustedProxies,
            hosts: config.http.hosts,
            origins: config.http.origins,
            version,
          }),
        );
        break;
    }
  }
}
