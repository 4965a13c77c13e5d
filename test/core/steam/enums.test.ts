import * as steam from 'beaconry/steam';
import { expect } from 'chai';

const numbers = (values: object): Record<string, number> =>
  Object.fromEntries(Object.entries(values).filter(([name]) => Number.isNaN(Number(name))));

describe('Steam enumerations have the numbers of the Steam game server API, section 4', () => {
  it('4.1 EServerMode', () => {
    expect(numbers(steam.EServerMode)).to.eql({
      ...{ Invalid: 0, NoAuthentication: 1, Authentication: 2, AuthenticationAndSecure: 3 },
    });
  });
  it('4.2 ESteamAPIInitResult', () => {
    expect(Object.values(numbers(steam.ESteamAPIInitResult))).to.eql([0, 1, 2, 3]);
  });
  it('4.3 EBeginAuthSessionResult', () => {
    expect(numbers(steam.EBeginAuthSessionResult)).to.eql({
      NotInitialised: -1,
      OK: 0,
      InvalidTicket: 1,
      DuplicateRequest: 2,
      InvalidVersion: 3,
      GameMismatch: 4,
      ExpiredTicket: 5,
    });
  });
  it('4.4 EAuthSessionResponse, with 10 of newer SDKs', () => {
    expect(numbers(steam.EAuthSessionResponse)).to.eql({
      OK: 0,
      UserNotConnectedToSteam: 1,
      NoLicenseOrExpired: 2,
      VACBanned: 3,
      LoggedInElseWhere: 4,
      VACCheckTimedOut: 5,
      AuthTicketCanceled: 6,
      AuthTicketInvalidAlreadyUsed: 7,
      AuthTicketInvalid: 8,
      PublisherIssuedBan: 9,
      AuthTicketNetworkIdentityFailure: 10,
    });
  });
  it('4.5 EUserHasLicenseForAppResult', () => {
    expect(Object.values(numbers(steam.EUserHasLicenseForAppResult))).to.eql([0, 1, 2]);
  });
  it('4.6 server flags', () => {
    expect(Object.values(numbers(steam.EServerFlag))).to.eql([1, 2, 4, 8, 16, 32]);
  });
  it('4.7 EDenyReason', () => {
    expect(Object.values(numbers(steam.EDenyReason))).to.eql([...Array(16).keys()]);
    expect(steam.EDenyReason.SteamOwnerLeftGuestUser).to.equal(15);
  });
  it('4.8 EResult, without a 4', () => {
    expect(Object.values(numbers(steam.EResult))).to.eql([
      ...[1, 2, 3, 5, 6, 7, 8, 10, 11, 15, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 27, 29, 31, 34],
      ...[35, 36, 37, 38, 40, 42, 43, 48, 50, 84, 102, 103, 105, 106, 121, 122],
    ]);
    expect(steam.EResult.GSLTExpired).to.equal(106);
  });
  it('4.9 EUniverse and 4.10 EAccountType', () => {
    expect(Object.values(numbers(steam.EUniverse))).to.eql([0, 1, 2, 3, 4, 5]);
    expect(Object.values(numbers(steam.EAccountType))).to.eql([...Array(12).keys()]);
    expect([steam.EAccountType.GameServer, steam.EAccountType.Clan]).to.eql([3, 7]);
  });
  it('4.11 other constants', () => {
    expect(steam.k_HAuthTicketInvalid).to.equal(0);
    expect([steam.QUERY_PORT_SHARED, steam.QUERY_PORT_ERROR]).to.eql([0xffff, 0xfffe]);
    expect([steam.TICKET_BUFFER, steam.WEB_TICKET_BUFFER]).to.eql([1024, 2560]);
    expect(steam.OUTGOING_PACKET_BUFFER).to.equal(16384);
    expect(Object.values(steam.TextLimit)).to.eql([32, 32, 64, 64, 128, 2048]);
  });
  it('4.12 ESteamIPType', () => {
    expect(numbers(steam.ESteamIPType)).to.eql({ IPv4: 0, IPv6: 1 });
  });
});
