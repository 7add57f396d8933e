/** One row of the import matrix: an interface that the host knows, and what stands behind it. */
export interface ServedInterface {
  /** Without version: `sallyport:agent/http`. */
  readonly name: string;
  /** `sallyport:agent` serves exactly these versions; WASI 0.2 serves every patch version, `0.2.*`. */
  readonly versions: readonly string[];
  /** The gate that decides, `virtual` where nothing of the machine is reached, `denies` where every call is refused. */
  readonly servedBy: 'http' | 'fs' | 'db' | 'tool-exec' | 'log' | 'policy' | 'types' | 'virtual' | 'denies';
  /** WIT names: `fetch`, `[method]transaction.query`, `[constructor]…`, `[static]…`. */
  readonly functions: readonly ServedFunction[];
}

/** An interface that the host knows and does not serve. A component that imports it is refused when it is loaded. */
export interface RefusedInterface {
  /** `wasi:tls/*` stands for every interface of the package, `wasi:*` for every one of the namespace. */
  readonly name: string;
  /** As in `ServedInterface`; `*` for any. */
  readonly versions: readonly string[];
  /** The reason, and what to do instead: for the operator. */
  readonly why: string;
}

export interface ServedFunction {
  readonly name: string;
  /** True if the host may wait before it answers (JSPI); false if it always answers at once. */
  readonly waits: boolean;
}
