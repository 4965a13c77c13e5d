import { execFileSync } from 'node:child_process';

/** A host of a small network of its own. */
export interface NamespaceHost {
  /** IPv4 and IPv6 addresses without prefix length, as given. */
  readonly addresses: readonly string[];
  /** What to put before a command so that it runs there. */
  readonly within: readonly string[];
}

/** Hosts by name, with their addresses: `198.51.100.7/24`, `2001:db8::7/64`. */
export type HostAddresses<Name extends string> = Readonly<Record<Name, readonly string[]>>;

const ip = (...parameters: readonly string[]): string =>
  execFileSync('ip', parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

let counter = 0;
let permitted: boolean | undefined;

/**
 * Hosts as Linux network namespaces on one bridge, with whatever addresses a test wants: public ones, private
 * ones, several. Everybody reaches everybody directly, whatever the prefixes. The bridge lies in a namespace of
 * its own, so that the machine's network is left alone; `close()` removes all of it.
 */
export class NetworkNamespaces<Name extends string> {
  readonly #namespaces: string[] = [];
  readonly #hosts = new Map<Name, NamespaceHost>();

  /** Whether this process may make namespaces; tests that need them are skipped elsewhere. */
  static isPermitted(): boolean {
    if (permitted === undefined) {
      try {
        new NetworkNamespaces({ probe: ['198.51.100.1/24'] }).close();
        permitted = true;
      } catch {
        permitted = false;
      }
    }
    return permitted;
  }

  /** Skips the test where namespaces are not permitted, and says so in a line. */
  static skipUnlessPermitted(test: Mocha.Context): void {
    if (NetworkNamespaces.isPermitted()) return;
    console.log('      skipped: needs ip netns');
    test.skip();
  }

  constructor(hosts: HostAddresses<Name>) {
    const network = `beaconry-${process.pid}-${counter++}`;
    const hub = `${network}-hub`;
    try {
      this.#add(hub);
      ip('-n', hub, 'link', 'add', 'bridge', 'type', 'bridge');
      ip('-n', hub, 'link', 'set', 'bridge', 'up');
      const names = Object.keys(hosts) as Name[];
      for (const [index, name] of names.entries()) {
        this.#hosts.set(name, this.#plug(hub, `${network}-${name}`, `host${index}`, hosts[name]));
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  host(name: Name): NamespaceHost {
    const host = this.#hosts.get(name);
    if (host === undefined) throw new Error(`no host ${name} in this network`);
    return host;
  }

  /**
   * Lets a host send from an IPv4 address that belongs to another one; answers go to the owner, since the host
   * neither answers nor asks for the address on the link.
   */
  impersonate(name: Name, address: string): void {
    const namespace = this.#namespaceOf(name);
    for (const [key, value] of [
      ['arp_ignore', 1],
      ['arp_announce', 2],
    ]) {
      const setting = `net.ipv4.conf.all.${key}=${value}`;
      execFileSync('ip', ['netns', 'exec', namespace, 'sysctl', '-qw', setting]);
    }
    ip('-n', namespace, 'address', 'replace', `${address}/32`, 'dev', 'lo');
  }

  /** Gives a host every address of a range; `towards` reaches it there through `by`, an address of the host. */
  own(name: Name, range: string, towards: Name, by: string): void {
    const family = range.includes(':') ? ['-6'] : [];
    ip('-n', this.#namespaceOf(name), ...family, 'route', 'add', 'local', range, 'dev', 'lo');
    ip(
      '-n',
      this.#namespaceOf(towards),
      ...family,
      'route',
      'add',
      range,
      'via',
      by,
      'dev',
      'eth0',
      'onlink',
    );
    if (range.includes(':')) {
      const setting = 'net.ipv6.ip_nonlocal_bind=1';
      execFileSync('ip', ['netns', 'exec', this.#namespaceOf(name), 'sysctl', '-qw', setting]);
    }
  }

  /** Removes all namespaces, and with them links and bridge. Processes in them are the test's to end. */
  close(): void {
    for (const name of this.#namespaces.splice(0).reverse()) ip('netns', 'delete', name);
  }

  #namespaceOf(name: Name): string {
    const [, , , namespace = ''] = this.host(name).within;
    return namespace;
  }

  #add(name: string): void {
    ip('netns', 'add', name);
    this.#namespaces.push(name);
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  #plug(hub: string, name: string, port: string, addresses: readonly string[]): NamespaceHost {
    this.#add(name);
    const pair = ['link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name];
    ip('-n', hub, ...pair);
    ip('-n', hub, 'link', 'set', port, 'master', 'bridge', 'up');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    const hasIPv6 = addresses.some((address) => address.includes(':'));
    for (const address of addresses) {
      // Without nodad an IPv6 address cannot be used for a second or two.
      const options = address.includes(':') ? ['nodad'] : [];
      ip('-n', name, 'address', 'add', address, 'dev', 'eth0', ...options);
    }
    // All is on the link: hosts of different networks meet without a router.
    ip('-n', name, 'route', 'add', 'default', 'dev', 'eth0');
    if (hasIPv6) ip('-n', name, '-6', 'route', 'add', 'default', 'dev', 'eth0');
    return {
      addresses: addresses.map((address) => address.replace(/\/\d+$/, '')),
      within: ['ip', 'netns', 'exec', name],
    };
  }
}
