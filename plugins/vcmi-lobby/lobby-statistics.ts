/** Distinct names and addresses remembered; beyond it they are no longer told apart. */
const MAX_DISTINCT = 10_000;

/** What ROOT tells, since the start of the server. */
export class LobbyStatistics {
  readonly #addresses = new Set<string>();
  readonly #names = new Set<string>();
  logins = 0;
  clients = 0;
  rooms = 0;
  sessions = 0;
  connections = 0;

  connected(address: string): void {
    this.logins++;
    if (this.#addresses.size < MAX_DISTINCT) this.#addresses.add(address);
  }

  loggedIn(name: string): void {
    this.clients++;
    if (this.#names.size < MAX_DISTINCT) this.#names.add(name);
  }

  /** The number of that field, or undefined for an unknown one. */
  read(field: string): number | undefined {
    switch (field) {
      case 'uniques':
        return this.#addresses.size;
      case 'users':
        return this.#names.size;
      case 'logins':
      case 'clients':
      case 'rooms':
      case 'sessions':
      case 'connections':
        return this[field];
      default:
        return undefined;
    }
  }
}
