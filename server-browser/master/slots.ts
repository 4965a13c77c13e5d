/** No slot: the end of a chain, or a value that was not said. */
export const NONE = -1;
