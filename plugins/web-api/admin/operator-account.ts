import type { Store } from 'beaconry';
import type { SteamAdministration } from 'beaconry/plugins/steam-backend';

const NAME = 'operator';

/** The account that answers for login tokens which were made in nobody else's name; made when first needed. */
export class OperatorAccount {
  #making: Promise<bigint> | undefined;

  constructor(
    private readonly store: Store,
    private readonly administration: SteamAdministration,
  ) {}

  get(): Promise<bigint> {
    this.#making ??= this.#open().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #open(): Promise<bigint> {
    const known = await this.store.get<string>(NAME);
    if (known !== undefined && (await this.administration.account(BigInt(known))) !== undefined) {
      return BigInt(known);
    }
    const { steamId } = await this.administration.createAccount({ name: NAME });
    await this.store.set(NAME, steamId.toString());
    return steamId;
  }
}
