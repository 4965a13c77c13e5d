import { HttpError, ServerError } from 'beaconry';

const STATUS: Readonly<Record<string, number>> = {
  APP_UNKNOWN: 404,
  SERVER_UNKNOWN: 404,
  REQUEST_IDENTITY: 403,
  PLACE_NO_ROOM: 409,
  LOGIN_REPLAYED: 409,
  LOGIN_TAKEN: 409,
  NO_CONFIG: 503,
  NO_SIGNER: 503,
  RELAY_REMOVED: 403,
  SERVER_ANONYMOUS: 403,
};
/** Codes with these beginnings are the caller's fault and carry no secret. */
const REFUSALS = /^(CERT|TICKET|LOGIN|REQUEST|PLACE|RELAY|CHECK_IN|SERVER|APP|NO_CONFIG|NO_SIGNER)/;

/** Refusals of the coordinator become answers with their code. */
export async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof HttpError || !(error instanceof ServerError)) throw error;
    if (!REFUSALS.test(error.code)) throw error;
    throw new HttpError(STATUS[error.code] ?? 400, error.code, error.message);
  }
}
