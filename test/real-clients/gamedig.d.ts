/** What the tests use of gamedig, which brings no types. */
declare module 'gamedig' {
  interface Player {
    readonly name: string;
    readonly raw: { readonly score: number; readonly time: number };
  }
  interface QueryState {
    readonly name: string;
    readonly map: string;
    readonly password: boolean;
    readonly numplayers: number;
    readonly maxplayers: number;
    readonly version: string;
    readonly players: readonly Player[];
    readonly bots: readonly Player[];
    readonly raw: {
      readonly appId: number;
      readonly protocol: number;
      readonly steamid?: string;
      readonly tags?: readonly string[];
      readonly rules?: Readonly<Record<string, string>>;
    };
  }
  export const GameDig: {
    query(options: {
      readonly type: string;
      readonly host: string;
      readonly port: number;
      readonly requestRules?: boolean;
      readonly givenPortOnly?: boolean;
      readonly maxRetries?: number;
    }): Promise<QueryState>;
  };
}
