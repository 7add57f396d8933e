import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { verifyAudit, type RunResult } from '../../host/index.ts';
import { makeAgentWorld, type AgentWorld } from '../support/agent-world.ts';
import { CELLS, type CellUnderTest } from '../sandbox/support/cell.ts';
import { celledAgent, celledLimits } from '../support/celled-agent.ts';
import { command } from '../support/command.ts';
import { reasonToSkip } from '../support/guests.ts';
import { inlineGuest } from '../support/inline-guest.ts';

/** An agent that knows nothing of its host: files are those of its language. */
const AGENT = `
import errno
import json
import os
import pathlib
import shutil

import wit_world
from componentize_py_types import Err


def caught(work):
    try:
        return work()
    except OSError as error:
        return errno.errorcode[error.errno]


def tour():
    base = pathlib.Path("/work")
    (base / "notes").mkdir()
    (base / "notes" / "a.txt").write_text("one\\n")
    with open(base / "notes" / "a.txt", "a") as file:
        file.write("two\\n")
    os.rename(base / "notes" / "a.txt", base / "notes" / "b.txt")
    shutil.copyfile(base / "notes" / "b.txt", base / "copy.txt")
    with open(base / "copy.txt", "r+b") as file:
        file.seek(4)
        file.write(b"TWO")
        file.truncate(7)
        file.seek(0)
        copied = file.read().decode()
    status = os.stat(base / "copy.txt")
    os.utime(base / "copy.txt", (5, 6))
    walked = sorted(name for _, folders, files in os.walk(base) for name in folders + files)
    (base / "empty").mkdir()
    (base / "empty").rmdir()
    os.remove(base / "notes" / "b.txt")
    return {
        "copied": copied,
        "size": status.st_size,
        "modified": round(os.stat(base / "copy.txt").st_mtime),
        "same": os.path.samefile(base / "copy.txt", base / "notes" / ".." / "copy.txt"),
        "walked": walked,
        "absent": caught(lambda: open(base / "absent").read()),
        "exists": [os.path.exists(base / "absent"), os.path.isdir(base / "notes")],
    }


def denied():
    return {
        "read": caught(lambda: open("/work/private/key").read()),
        "stat": caught(lambda: os.stat("/work/private/key").st_size),
        "write": caught(lambda: open("/work/private/new", "w").close()),
        "list": caught(lambda: os.listdir("/work/private")),
        "absent": caught(lambda: open("/work/private/absent").read()),
        "out": caught(lambda: open("/work/../etc/passwd").read()),
        "machine": caught(lambda: open("/etc/passwd").read()),
    }


def nothing():
    return {"stat": caught(lambda: os.stat("/work").st_size), "list": caught(lambda: os.listdir("/"))}


class WitWorld(wit_world.WitWorld):
    def run(self, input: str) -> str:
        try:
            return json.dumps({"tour": tour, "denied": denied, "nothing": nothing}[input]())
        except Exception as error:
            raise Err(f"{type(error).__name__}: {error}")
`;

const MOUNTS = 'mounts: { /work: { directory: shared, access: rw } }\n';
const RULES = [
  'p, role:any, fs:*, /work, -, allow, -',
  'p, role:any, fs:*, /work/**, -, allow, -',
  'p, role:any, fs:*, /work/private/**, -, deny, -',
  'p, role:any, fs:list, /work/private, -, deny, -',
];

const skip = await reasonToSkip('python');
let agent = '';
beforeAll(async () => {
  if (skip === undefined) agent = await inlineGuest(AGENT, 'python');
}, 180_000);

let world: AgentWorld;
afterEach(() => world.remove());

async function run(cell: CellUnderTest, input: string, mounts = MOUNTS): Promise<RunResult> {
  world = makeAgentWorld({
    configuration: `version: 1\nlimits: ${celledLimits(cell, 'wall: 60s, cpu: 60s')}\nagents: { tester: ${celledAgent(cell, agent)} }\n${mounts}`,
    rows: RULES,
  });
  world.write('shared/private/key', 'secret');
  const { stdout } = await command(['run', agent, '--input', input, '--json'], { cwd: world.directory });
  const result = JSON.parse(stdout) as RunResult;
  expect(result.cell).toBe(cell);
  const location = { directory: world.directory, workingDirectory: world.directory };
  expect(verifyAudit(location, result.audit ?? '').verification.ok).toBe(true);
  return result;
}

describe.skipIf(skip !== undefined).each(CELLS)(
  `in a cell of kind \`%s\`, an agent with the files of its language${skip ? ` (skipped: ${skip})` : ''}`,
  (cell) => {
    it('works in its mount as on any machine', async () => {
      const { status, output, error } = await run(cell, 'tour');
      expect(error).toBeUndefined();
      expect(status).toBe('ok');
      expect(JSON.parse(output ?? '')).toEqual({
        copied: 'one\nTWO',
        size: 7,
        modified: 6,
        same: true,
        walked: ['b.txt', 'copy.txt', 'notes', 'private'],
        absent: 'ENOENT',
        exists: [false, true],
      });
      const shared = join(world.directory, 'shared');
      expect(readFileSync(join(shared, 'copy.txt'), 'utf8')).toBe('one\nTWO');
      expect(readdirSync(join(shared, 'notes'))).toEqual([]);
    });

    it('is denied what its rules do not give: an error of its language, a denial in the record', async () => {
      const { status, output } = await run(cell, 'denied');
      expect(status).toBe('ok');
      expect(JSON.parse(output ?? '')).toEqual({
        read: 'EACCES',
        stat: 'EACCES',
        write: 'EACCES',
        list: 'EACCES',
        absent: 'EACCES',
        out: 'EPERM',
        machine: 'ENOENT',
      });
      const denied = world.lastRecords().filter(({ type }) => type === 'effect.denied');
      expect(denied.map(({ action, resource }) => `${String(action)} ${String(resource)}`)).toEqual([
        'fs:read /work/private/key',
        'fs:stat /work/private/key',
        'fs:write /work/private/new',
        'fs:list /work/private',
        'fs:read /work/private/absent',
        'fs:stat (not in canonical form)',
      ]);
      expect(readdirSync(join(world.directory, 'shared', 'private'))).toEqual(['key']);
    });

    it('has no files where nothing is mounted', async () => {
      const { status, output } = await run(cell, 'nothing', '');
      expect(status).toBe('ok');
      expect(JSON.parse(output ?? '')).toEqual({ stat: 'ENOENT', list: 'ENOENT' });
      expect(world.lastRecords().filter(({ type }) => String(type).startsWith('effect.'))).toEqual([]);
    });
  },
);
