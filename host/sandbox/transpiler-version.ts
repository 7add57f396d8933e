/** The one version of the transpiler whose output this host knows how to vet and patch. */
export const TRANSPILER = { package: '@bytecodealliance/jco-transpile', version: '0.15.0' } as const;

/** Counts changes to what this host does to a component: part of the key under which artefacts are cached. */
export const REWRITER_VERSION = 9;
