declare const service: unique symbol;
declare const said: unique symbol;

/** A symbol at run time, as the container wants it; the phantom member carries the type and keeps tokens apart. */
export type ServiceToken<T> = symbol & { readonly [service]: (part: T) => T };
/** Names a service; by convention the token has the name of its interface and lies in the same file. */
export const serviceToken = <T>(name: string): ServiceToken<T> =>
  Symbol(name) as unknown as ServiceToken<T>;
/** The service that a token names. */
export type ServiceOf<K> = K extends ServiceToken<infer T> ? T : never;

/** Names an event; the phantom member carries the type of what is said. */
export type EventToken<T> = symbol & { readonly [said]: (payload: T) => T };
/** Makes the token of an event; both who says it and who hears it import it. */
export const eventToken = <T>(name: string): EventToken<T> =>
  Symbol(name) as unknown as EventToken<T>;
