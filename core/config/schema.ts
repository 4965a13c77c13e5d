/**
 * What a leaf may say in `format`. Objects come from `list`, `record` and `either`.
 *
 * | word | in the file | value |
 * | --- | --- | --- |
 * | `int`, `nat`, `port` | whole number; 0 or more; 0 to 65535 | number |
 * | `duration` | `500ms`, `30s`, `5m`, `2h`, `90d`, or 0 | milliseconds |
 * | `bytes` | `512`, `64KiB`, `16MiB` | number of bytes |
 * | `address` | `host:port`, IPv6 as `"[::1]:27015"`; the host may be a name | `{ host, port }` |
 * | `cidr` | `10.0.0.0/8`, `fd00::/8`, or one address | canonical text with prefix length |
 * | `ipv4`, `ipv6` | an address literal | canonical text |
 * | `hex` | pairs of hex digits | bytes |
 * | `uint64` | decimal digits, quoted or bare, read from the source text | bigint |
 * | `binds` | `host:port` to listen on, or a list; host an IP literal or localhost | list of `{ host, port }` |
 */
export type FormatName =
  | 'int'
  | 'nat'
  | 'port'
  | 'duration'
  | 'bytes'
  | 'address'
  | 'cidr'
  | 'ipv4'
  | 'ipv6'
  | 'hex'
  | 'uint64'
  | 'binds'
  | EndpointFormat;
/** The name of a configured endpoint of that protocol, or a list of names; the value is always a list. */
export type EndpointFormat = 'udp-endpoints' | 'tcp-endpoints' | 'http-endpoints';
export interface ListFormat<I> {
  readonly kind: 'list';
  readonly item: I;
}
export interface RecordFormat<I> {
  readonly kind: 'record';
  readonly item: I;
}
export interface EitherFormat<W extends string, I> {
  readonly kind: 'either';
  readonly word: W;
  readonly item: I;
}
export type Format =
  | StringConstructor
  | NumberConstructor
  | BooleanConstructor
  | FormatName
  | readonly (string | number)[]
  | ListFormat<Node>
  | RecordFormat<Node>
  | EitherFormat<string, Format>;

/** One key an operator may set. `default: null` without `nullable` means that the key is required. */
export interface Leaf {
  /** Written for the operator: effect and unit. */
  readonly doc: string;
  readonly format: Format;
  /**
   * The value itself, or how an operator would write it: `30_000` or `'30s'`, `{ host, port }` or `'host:port'`,
   * a `Map` or a plain object; the name of an endpoint alone or in a list.
   */
  readonly default: unknown;
  readonly nullable?: boolean;
  /** Never printed or logged; `*_FILE` in the environment names a file that holds it. */
  readonly sensitive?: boolean;
}
/** Keys of the configuration: leaves, and sections of their own. */
export interface Section {
  readonly [key: string]: Node;
}
export type Node = Leaf | Section;

export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * TypeScript type of a validated section. Durations are milliseconds, bytes are numbers, uint64 is bigint.
 * Of a schema that is only known as `Section` the values are unknown.
 */
export type ConfigOf<S> = S extends { readonly format: infer F }
  ? Format extends F
    ? unknown
    : ValueOf<F> | (S extends { readonly nullable: true } ? null : never)
  : string extends keyof S
    ? { readonly [key: string]: unknown }
    : { readonly [K in keyof S]: ConfigOf<S[K]> };
type ValueOf<F> = F extends StringConstructor
  ? string
  : F extends NumberConstructor
    ? number
    : F extends BooleanConstructor
      ? boolean
      : F extends 'int' | 'nat' | 'port' | 'duration' | 'bytes'
        ? number
        : F extends 'uint64'
          ? bigint
          : F extends 'address'
            ? Address
            : F extends 'binds'
              ? readonly Address[]
              : F extends 'cidr' | 'ipv4' | 'ipv6'
                ? string
                : F extends 'hex'
                  ? Uint8Array
                  : F extends EndpointFormat
                    ? readonly string[]
                    : F extends ListFormat<infer I>
                      ? readonly ConfigOf<I>[]
                      : F extends RecordFormat<infer I>
                        ? ReadonlyMap<string, ConfigOf<I>>
                        : F extends EitherFormat<infer W, infer I>
                          ? W | ValueOf<I>
                          : F extends readonly (infer V)[]
                            ? V
                            : never;

/** A value that is a list of items of one kind. */
export const list = <const I extends Node>(item: I): ListFormat<I> => ({ kind: 'list', item });
/** A value that maps names to items of one kind. */
export const record = <const I extends Node>(item: I): RecordFormat<I> => ({
  kind: 'record',
  item,
});
/** A value that is one word, or of a format: `either('off', 'nat')`. */
export const either = <const W extends string, const I extends Format>(
  word: W,
  item: I,
): EitherFormat<W, I> => ({ kind: 'either', word, item });
export const isLeaf = (node: Node): node is Leaf => 'format' in node && 'default' in node;
