/** The library: a host for agents, in a program of one's own. */
export * from '../host/index.ts';
