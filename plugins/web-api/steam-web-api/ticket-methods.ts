import type { SteamAdministration } from 'beaconry/plugins/steam-backend';
import { EResult } from 'beaconry/steam';
import { readBytes } from '../json-value.js';
import { optionalParameter as optional, parameter, type WebMethod } from './web-methods.js';

const errors = {
  parameter: { errorcode: 3, errordesc: 'Invalid parameter' },
  ticket: { errorcode: 101, errordesc: 'Invalid ticket' },
  otherApp: { errorcode: 102, errordesc: 'Ticket for other app' },
} as const;

/** ISteamUserAuth: what is wrong with a ticket is told with status 200, as there. */
export const ticketMethods = (administration: SteamAdministration): readonly WebMethod[] => [
  {
    interface: 'ISteamUserAuth',
    method: 'AuthenticateUserTicket',
    versions: [1],
    http: 'GET',
    keyed: true,
    summary: 'Checks a Web API ticket and uses it up',
    parameters: [
      parameter('appid', 'uint32', 'App the ticket is for.'),
      parameter('ticket', 'string', 'Ticket in hex.'),
      optional('identity', 'string', 'Name the ticket was made for.'),
    ],
    async run(args) {
      const appId = args.uint32('appid');
      const hex = args.text('ticket');
      const bytes = /^[0-9a-f]+$/i.test(hex) ? readBytes(hex) : undefined;
      if (bytes === undefined) return { response: { error: errors.parameter } };
      const identity = args.optionalText('identity') ?? null;
      const owner = await administration.authenticateTicket(bytes, appId, identity);
      if (owner.result === EResult.NoMatch) return { response: { error: errors.otherApp } };
      if (owner.result === EResult.ParseFailure) return { response: { error: errors.parameter } };
      if (owner.result !== EResult.OK) return { response: { error: errors.ticket } };
      return {
        response: {
          params: {
            result: 'OK',
            steamid: owner.steamId.toString(),
            ownersteamid: owner.ownerId.toString(),
            vacbanned: owner.vacBanned,
            publisherbanned: owner.publisherBanned,
          },
        },
      };
    },
  },
];
