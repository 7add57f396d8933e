import type { FileAnswer, FileError, FileService, FileStatus, OpenFile } from '../../host/contracts/file-service.ts';

const STATUS: FileStatus = {
  type: 'file',
  size: 5n,
  links: 1n,
  accessedNs: 1_000_000_001n,
  modifiedNs: 2_000_000_002n,
  changedNs: 3_000_000_003n,
  identity: 42n,
};

/** What a function of the service answers instead of the usual: always the same, or one after the other. */
type Answers = Readonly<Record<string, FileAnswer<unknown> | FileAnswer<unknown>[]>>;

export interface ScriptedFiles {
  readonly files: FileService;
  /** Every call so far: `open /w/a`, with what else was given. */
  readonly calls: string[];
}

export const failed = (error: FileError) => ({ ok: false, error }) as const;
export const answered = <Value>(value: Value) => ({ ok: true, value }) as const;
export const status = (rest: Partial<FileStatus> = {}) => answered({ ...STATUS, ...rest });

/** A service that does nothing: it notes what it is asked, and answers as it is told. `file.` names the open files'. */
export function scriptedFiles(answers: Answers = {}): ScriptedFiles {
  const calls: string[] = [];
  const shown = (value: unknown): string => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString();
    return typeof value === 'string' ? value : json(value);
  };
  const json = (value: unknown): string =>
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
  const member =
    (name: string, usual: FileAnswer<unknown>) =>
    (...values: unknown[]): never => {
      calls.push([name, ...values.map(shown)].join(' '));
      const own = answers[name] ?? usual;
      return (Array.isArray(own) ? (own.shift() ?? usual) : own) as never; // what is answered is the test's business
    };
  const done = answered(undefined);
  const file: OpenFile = {
    read: member('file.read', answered(new Uint8Array(0))),
    write: member('file.write', answered(0)),
    append: member('file.append', answered(0)),
    setSize: member('file.setSize', done),
    setTimes: member('file.setTimes', done),
    status: member('file.status', status()),
    sync: member('file.sync', done),
    close: member('file.close', done),
  };
  return {
    calls,
    files: {
      roots: [
        { path: '/w', writable: true },
        { path: '/r', writable: false },
      ],
      open: member('open', answered(file)),
      status: member('status', status({ type: 'directory' })),
      list: member('list', answered({ next: member('next', answered([])) })),
      makeDirectory: member('makeDirectory', done),
      removeFile: member('removeFile', done),
      removeDirectory: member('removeDirectory', done),
      rename: member('rename', done),
      setTimes: member('setTimes', done),
      hardLink: member('hardLink', failed('not-permitted')),
      symbolicLink: member('symbolicLink', done),
      readLink: member('readLink', answered('target')),
    },
  };
}
