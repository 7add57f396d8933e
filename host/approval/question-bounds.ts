/** The most characters of what is shown of a request. */
export const MOST_SHOWN = 1 << 18;
/** The most things that one request touches. */
export const MOST_ACCESSES = 1024;
