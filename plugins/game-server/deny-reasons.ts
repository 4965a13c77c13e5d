import { EAuthSessionResponse, EDenyReason } from 'beaconry/steam';

const Response = EAuthSessionResponse;

interface Reasons {
  readonly atValidation: EDenyReason;
  readonly later: EDenyReason;
}
const same = (reason: EDenyReason): Reasons => ({ atValidation: reason, later: reason });

/** What the old signals say for a verdict (6.6). */
const reasons: Readonly<Record<Exclude<EAuthSessionResponse, 0>, Reasons>> = {
  [Response.UserNotConnectedToSteam]: {
    atValidation: EDenyReason.NotLoggedOn,
    later: EDenyReason.SteamConnectionLost,
  },
  [Response.NoLicenseOrExpired]: same(EDenyReason.NoLicense),
  [Response.VACBanned]: same(EDenyReason.Cheater),
  [Response.PublisherIssuedBan]: same(EDenyReason.Cheater),
  [Response.LoggedInElseWhere]: same(EDenyReason.LoggedInElseWhere),
  [Response.VACCheckTimedOut]: {
    atValidation: EDenyReason.SteamValidationStalled,
    later: EDenyReason.SteamResponseTimedOut,
  },
  [Response.AuthTicketCanceled]: same(EDenyReason.SteamConnectionLost),
  [Response.AuthTicketInvalidAlreadyUsed]: same(EDenyReason.Generic),
  [Response.AuthTicketInvalid]: same(EDenyReason.Generic),
  [Response.AuthTicketNetworkIdentityFailure]: same(EDenyReason.Generic),
};

export function denyReason(
  response: Exclude<EAuthSessionResponse, 0>,
  wasValid: boolean,
  ownerPlays: boolean,
): EDenyReason {
  if (response === Response.NoLicenseOrExpired && ownerPlays) {
    return EDenyReason.SteamOwnerLeftGuestUser;
  }
  const reason = reasons[response] ?? same(EDenyReason.Generic);
  return wasValid ? reason.later : reason.atValidation;
}
