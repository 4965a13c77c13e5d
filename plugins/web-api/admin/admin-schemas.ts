import { Type } from 'typebox';
import { refuse } from '../call-error.js';

export const id = Type.String({ maxLength: 64, description: 'SteamID in any text form' });
/** Answer of a DELETE. */
export const removed = { 204: Type.Null() };
/** One page of a list. */
export const items = <S extends Parameters<typeof Type.Array>[0]>(item: S) =>
  Type.Object({ items: Type.Array(item), next: Type.Union([Type.String(), Type.Null()]) });

export const nothing = (what: string) => refuse(404, 'NOT_FOUND', `there is no such ${what}`);
export const appId = Type.Integer({ minimum: 1, maximum: 0xffffffff });
