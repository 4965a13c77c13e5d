import { EServerMode, EUserHasLicenseForAppResult } from 'beaconry/steam';
import type { OpenSession } from './open-session.js';

const Has = EUserHasLicenseForAppResult;

/** Decision table of userHasLicenseForApp (2.4). */
export function licenceAnswer(
  session: OpenSession | undefined,
  appId: number,
  server: { readonly appId: number; readonly mode: number; readonly strictLicense: boolean },
): EUserHasLicenseForAppResult {
  if (session === undefined || server.mode === EServerMode.NoAuthentication) return Has.NoAuth;
  const answer = (has: boolean) => (has ? Has.HasLicense : Has.DoesNotHaveLicense);
  switch (session.state) {
    case 'pending':
      return server.strictLicense ? Has.NoAuth : answer(session.ticketApps.includes(appId));
    case 'valid':
      // What the backend approved is licensed; without its list (offline approval) the ticket speaks.
      return answer(
        appId === server.appId || (session.licences ?? session.ticketApps).includes(appId),
      );
    default:
      return Has.NoAuth;
  }
}
