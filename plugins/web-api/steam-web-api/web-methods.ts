import type { PeerAddress } from 'beaconry';
import type { MethodArguments } from './method-arguments.js';

export interface WebParameter {
  readonly name: string;
  readonly type: 'uint32' | 'uint64' | 'string' | 'bool' | 'rawbinary' | '{message}';
  readonly optional?: boolean;
  readonly description: string;
}

export interface WebCaller {
  readonly from: PeerAddress;
  /** Where the method takes a key: SteamID that answers for login tokens made with the key. */
  owner(): Promise<bigint>;
  /** For the audit: the name of the key and the address. */
  readonly name: string;
}

/** One method of the Steam Web API. */
export interface WebMethod {
  readonly interface: string;
  readonly method: string;
  readonly versions: readonly number[];
  readonly http: 'GET' | 'POST';
  /** Needs the publisher key. */
  readonly keyed: boolean;
  readonly summary: string;
  readonly parameters: readonly WebParameter[];
  run(args: MethodArguments, caller: WebCaller): unknown;
}

export const parameter = (
  name: string,
  type: WebParameter['type'],
  description: string,
): WebParameter => ({ name, type, description });

export const optionalParameter = (
  name: string,
  type: WebParameter['type'],
  description: string,
): WebParameter => ({ name, type, description, optional: true });
