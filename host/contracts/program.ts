/**
 * What kind of program a file is, and so how it is started: an agent of our own world, a WASI command
 * (`wasi:cli/run`), or a core module that is a command of WASI preview 1.
 */
export const PROGRAMS = ['agent', 'command', 'module'] as const;
export type Program = (typeof PROGRAMS)[number];

/** What a program writes to standard output: the answer of one that has no other; for an agent, lines beside it. */
export const writesItsAnswer = (program: Program): boolean => program !== 'agent';
