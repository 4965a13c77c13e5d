import { type DependencyContainer, type InjectionToken, newContainer } from './di.js';
import { messageOf, ServerError } from './errors.js';
import type { AnyToken, Constructor } from './plugin.js';
import type { ServiceOf, ServiceToken } from './tokens.js';

/** What one plugin may see: its declared services, as finished instances, in a container of its own. */
export class PluginContainer {
  readonly #container: DependencyContainer = newContainer();
  readonly #seen = new Map<symbol, unknown>();

  constructor(
    private readonly plugin: string,
    private readonly optional: ReadonlySet<symbol>,
  ) {}

  add(token: AnyToken, instance: unknown): void {
    this.#seen.set(token, instance);
    this.#container.register(token as InjectionToken<unknown>, { useValue: instance });
  }

  get<K extends AnyToken>(token: K): ServiceOf<K> {
    if (!this.#seen.has(token)) {
      throw new ServerError(
        'UNDECLARED_SERVICE',
        this.optional.has(token)
          ? `plugin ${this.plugin} gets ${nameOf(token)}, which is optional and not provided; use find()`
          : `plugin ${this.plugin} asks for ${nameOf(token)} without naming it in "requires"`,
      );
    }
    return this.#seen.get(token) as ServiceOf<K>;
  }

  find<K extends AnyToken>(token: K): ServiceOf<K> | undefined {
    if (!this.#seen.has(token) && !this.optional.has(token)) {
      throw new ServerError(
        'UNDECLARED_SERVICE',
        `plugin ${this.plugin} looks for ${nameOf(token)} without naming it in "optional"`,
      );
    }
    return this.#seen.get(token) as ServiceOf<K> | undefined;
  }

  create<T>(Class: Constructor<T>): T {
    try {
      return this.#container.resolve(Class as unknown as InjectionToken<T>);
    } catch (cause) {
      throw new ServerError(
        'CANNOT_CREATE',
        `plugin ${this.plugin} cannot create ${Class.name}: ${messageOf(cause)}; ` +
          'every constructor parameter needs @inject(Token) of a service in "requires"',
        { cause },
      );
    }
  }
}

export const nameOf = (token: ServiceToken<unknown> | symbol): string =>
  token.description ?? 'a service';
