/**
 * What Steam's words and numbers mean: SteamID, game id, enumerations and ticket bytes.
 * @packageDocumentation
 */
export * from './enums.js';
export { type GameIdParts, gameIdOf, gameIdOfApp, gameIdParts } from './game-id.js';
export { ChatInstance, SteamID, type SteamIdParts } from './steam-id.js';
export {
  type AppTicket,
  AUTH_PART_LENGTH,
  decodeTicket,
  encodeAuthPart,
  encodeConnectBlob,
  encodeGameConnect,
  encodeOwnership,
  encodeTicket,
  type GameConnect,
  MAX_TICKET_LENGTH,
  type OwnedDlc,
  type OwnershipTicket,
  type SessionHeader,
  SIGNATURE_LENGTH,
  ticketCrc,
} from './ticket-codec.js';
export {
  type IssuerLink,
  type Ticket,
  TicketIssuer,
  ticketIdentity,
} from './ticket-issuer.js';
export { signOwnership, TrustedIssuers } from './ticket-signature.js';
