import type { Adapter, Functions } from './adapter.ts';
import type { CallArguments } from './call-arguments.ts';
import { fail } from './errno.ts';

/** `prestat`: one case, a directory, and the length of its name. */
const PRESTAT_BYTES = 8;

/** Numbers of descriptors: what the program was started with, closing, renumbering; and that there are no sockets. */
export function createDescriptors({ view, table }: Adapter): Functions {
  const noSocket = (given: CallArguments): never => {
    table.get(given.u32(0));
    return fail('notsock');
  };

  return {
    fd_close(given) {
      table.close(given.u32(0));
    },
    fd_renumber(given) {
      table.renumber(given.u32(0), given.u32(1));
    },
    fd_prestat_get(given) {
      const at = view.place(given.u32(1), PRESTAT_BYTES, 4);
      const opened = table.get(given.u32(0));
      if (opened.kind !== 'directory' || opened.preopen === undefined) return fail('badf');
      view.setU32(at, 0);
      view.setU32(at + 4, Buffer.byteLength(opened.preopen));
    },
    fd_prestat_dir_name(given) {
      const opened = table.get(given.u32(0));
      if (opened.kind !== 'directory' || opened.preopen === undefined) return fail('notdir');
      const name = Buffer.from(opened.preopen);
      if (name.length > given.u32(2)) return fail('nametoolong');
      view.write(given.u32(1), name);
    },
    sock_accept: noSocket,
    sock_recv: noSocket,
    sock_send: noSocket,
    sock_shutdown: noSocket,
  };
}
