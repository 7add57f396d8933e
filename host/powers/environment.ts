import process from 'node:process';

/** The value of a variable of this process's environment. */
export const readEnvironment = (name: string): string | undefined => process.env[name];
