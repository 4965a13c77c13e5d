/** Why a question got no answer, for programs. */
export type QueryErrorCode =
  | 'TIMEOUT'
  | 'CLOSED'
  | 'TOO_MANY_CHALLENGES'
  | 'SEND_FAILED'
  | 'BAD_ADDRESS'
  | 'NO_END';

/** Why a question to a server got no answer. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  constructor(
    readonly code: QueryErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
