/** What is needed to read a keyring; an optional dependency. */
export const KEYRING_PACKAGE = '@napi-rs/keyring';

/** How the process that asks the keyring ends where it has no value. */
export const KEYRING_EXIT = Object.freeze({
  noLibrary: 10,
  noEntry: 11,
  several: 12,
  locked: 13,
  unreachable: 14,
  notText: 15,
});
