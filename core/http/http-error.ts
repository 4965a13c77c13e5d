import { ServerError } from '../errors.js';

/**
 * An error that the caller of a route shall read: thrown in a handler it becomes
 * `{"error":{"code","message","details"}}` with that status. Any other error is answered with 500 and only logged.
 */
export class HttpError extends ServerError {
  override readonly name = 'HttpError';
  constructor(
    readonly statusCode: number,
    code: string,
    message: string,
    readonly details: Readonly<Record<string, unknown>> = {},
    /** Response headers, such as `retry-after`. */
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code, message);
  }
}
