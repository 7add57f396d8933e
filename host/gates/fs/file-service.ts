import type {
  DirectoryName,
  FileAnswer,
  FileError,
  FileReply,
  FileRoot,
  FileService,
  NewTime,
  OpenHow,
} from '../../contracts/file-service.ts';
import { after } from '../../contracts/pending.ts';
import type { DriverResult } from '../../enforcement/effect.ts';
import type { Grant } from '../../enforcement/grant.ts';
import type { Parsed } from '../../contracts/request.ts';
import type { FsConfig } from './config.ts';
import { fileAnswer } from './file-answer.ts';
import type { createFileDriver, NamePage } from './file-driver.ts';
import type { EnforceCall, LinkFound } from './link-leads.ts';
import type { Below, FsParser, Leads } from './request.ts';

export interface FileServiceParts {
  readonly config: FsConfig;
  readonly parser: FsParser;
  readonly driver: ReturnType<typeof createFileDriver>;
  readonly enforce: EnforceCall;
}

/** The files of the mounts as POSIX knows them. */
export function createFileService({ config, parser, driver, enforce }: FileServiceParts): FileService {
  const call = <Target, Value>(
    parse: (leads: Leads, below: Below | undefined) => Parsed<Target>,
    perform: (grant: Grant<Target>) => DriverResult<Value, FileError | LinkFound>,
  ): FileReply<Value> => after(enforce(parse, perform), fileAnswer<Value>);

  const page = (path: string, cursor: string | undefined): FileReply<NamePage> =>
    call((leads) => parser.list(path, cursor, leads), driver.list);

  return Object.freeze({
    roots: config.mounts.map(({ path, access }): FileRoot => ({ path, writable: access === 'rw' })),
    open: (path: string, how: OpenHow) => call((leads) => parser.open(path, how, leads), driver.open),
    status: (path: string, follow: boolean) => call((leads) => parser.status(path, follow, leads), driver.status),
    list: (path: string): FileReply<NamePages> =>
      after(page(path, undefined), (first) =>
        first.ok ? { ok: true, value: createPages(first, (cursor) => page(path, cursor)) } : first,
      ),
    makeDirectory: (path: string) => call((leads) => parser.makeDirectory(path, leads), driver.makeDirectory),
    removeFile: (path: string) => call((leads) => parser.remove(path, leads), driver.removeFile),
    removeDirectory: (path: string) => call((leads) => parser.remove(path, leads), driver.removeDirectory),
    rename: (source: string, target: string) =>
      call((leads, below) => parser.rename(source, target, leads, below), driver.rename),
    setTimes: (path: string, follow: boolean, accessed: NewTime, modified: NewTime) =>
      call((leads) => parser.setTimes(path, { follow, accessed, modified }, leads), driver.setTimes),
    hardLink: (source: string, target: string) => call(() => parser.hardLink(source, target), driver.hardLink),
    symbolicLink: (target: string, path: string) =>
      call((leads) => parser.symbolicLink(target, path, leads), driver.symbolicLink),
    readLink: (path: string) => call((leads) => parser.readLink(path, leads), driver.readLink),
  });
}

interface NamePages {
  readonly next: () => FileReply<readonly DirectoryName[]>;
}

/** Turns the pages of a directory; each but the first is an effect of its own, performed when it is asked for. */
function createPages(first: FileAnswer<NamePage>, turn: (cursor: string) => FileReply<NamePage>): NamePages {
  let ready: FileAnswer<NamePage> | undefined = first;
  let cursor: string | undefined;
  return Object.freeze({
    next(): FileReply<readonly DirectoryName[]> {
      const turning = ready ?? (cursor === undefined ? LAST : turn(cursor));
      ready = undefined;
      return after(turning, (turned: FileAnswer<NamePage>) => {
        if (!turned.ok) return turned;
        cursor = turned.value.next;
        return { ok: true, value: turned.value.names };
      });
    },
  });
}

const LAST: FileAnswer<NamePage> = { ok: true, value: { names: [], next: undefined } };
