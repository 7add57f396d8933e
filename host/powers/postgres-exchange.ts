import type { Connection, Submittable } from 'pg';
import type { WireValue } from './postgres-values.ts';

/** The part of the client's connection that is used: messages of the extended protocol, and no other. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  parse(message: { readonly name: string; readonly text: string }): void;
  bind(message: { readonly statement: string; readonly values: readonly WireValue[] }): void;
  describe(message: { readonly type: 'S'; readonly name: string }): void;
  execute(message: { readonly rows: number }): void;
  close(message: { readonly type: 'S'; readonly name: string }): void;
  sync(): void;
  once(event: 'parameterDescription', listener: (message: { readonly dataTypeIDs: readonly number[] }) => void): void;
}

/** Takes one row, as the server writes it. */
export type OnRow = (fields: readonly (string | null)[]) => void;

/** One statement of an exchange. `text` is sent where the server does not know the name yet. */
export interface Step {
  readonly name: string;
  readonly text?: string;
  readonly values: readonly WireValue[];
  /** The most rows that the server sends; 0 for all. */
  readonly rows: number;
}

/** A column of a result. */
export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
  /** The `pg_class.oid` and `pg_attribute.attnum` of the column that it is; 0 where it is none. */
  readonly tableID: number;
  readonly columnID: number;
}

/** How an exchange ended. */
export type Ended =
  /** `tag` is the last statement's command tag; absent where the server stopped at the most rows. */
  | { readonly status: 'done'; readonly tag: string | undefined }
  | { readonly status: 'failed'; readonly error: unknown };

/** What a prepared statement takes and returns. */
export type Described =
  | { readonly status: 'described'; readonly parameters: readonly number[]; readonly fields: readonly Field[] }
  | { readonly status: 'failed'; readonly error: unknown };

/** The callbacks by which the client hands over what the server says. */
interface Handlers extends Submittable {
  handleRowDescription(message: { readonly fields: readonly Field[] }): void;
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void;
  handleCommandComplete(message: { readonly text: string }): void;
  handlePortalSuspended(): void;
  handleEmptyQuery(): void;
  handleReadyForQuery(): void;
  handleError(error: unknown): void;
}

const nothing = (): void => undefined;
const wireOf = (connection: Connection): Wire => connection as unknown as Wire; // the client's own connection has these; its types are older

/** Statements that travel together: one write, one round trip. Rows are those of the last; the others return none. */
export function createExchange(
  steps: readonly Step[],
  dropped: readonly string[],
  onRow: OnRow,
  done: (ended: Ended) => void,
): Handlers {
  let finished = 0;
  let tag: string | undefined;
  return {
    submit(connection: Connection): void {
      const wire = wireOf(connection);
      wire.stream.cork();
      for (const name of dropped) wire.close({ type: 'S', name });
      for (const { name, text, values, rows } of steps) {
        if (text !== undefined) {
          wire.close({ type: 'S', name }); // no error where there is none of that name
          wire.parse({ name, text });
        }
        wire.bind({ statement: name, values });
        wire.execute({ rows });
      }
      wire.sync();
      wire.stream.uncork();
    },
    handleRowDescription: nothing,
    handleDataRow: ({ fields }) => {
      if (finished === steps.length - 1) onRow(fields);
    },
    handleCommandComplete: ({ text }) => {
      finished += 1;
      if (finished === steps.length) tag = text;
    },
    handlePortalSuspended: () => void (finished += 1),
    handleEmptyQuery: nothing,
    handleReadyForQuery: () => done({ status: 'done', tag }),
    handleError: (error: unknown) => done({ status: 'failed', error }),
  };
}

/** Has the server read one statement and say what it takes and returns. Nothing is performed. */
export function createDescription(name: string, text: string, done: (described: Described) => void): Handlers {
  let parameters: readonly number[] = [];
  let fields: readonly Field[] = [];
  return {
    submit(connection: Connection): void {
      const wire = wireOf(connection);
      wire.once('parameterDescription', ({ dataTypeIDs }) => (parameters = [...dataTypeIDs]));
      wire.stream.cork();
      wire.close({ type: 'S', name });
      wire.parse({ name, text });
      wire.describe({ type: 'S', name });
      wire.sync();
      wire.stream.uncork();
    },
    handleRowDescription: (message) => void (fields = message.fields),
    handleDataRow: nothing,
    handleCommandComplete: nothing,
    handlePortalSuspended: nothing,
    handleEmptyQuery: nothing,
    handleReadyForQuery: () => done({ status: 'described', parameters, fields }),
    handleError: (error: unknown) => done({ status: 'failed', error }),
  };
}
