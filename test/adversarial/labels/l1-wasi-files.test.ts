import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CELLS } from '../../sandbox/support/cell.ts';
import { reasonToSkip } from '../../support/guests.ts';
import { inlineGuest } from '../../support/inline-guest.ts';
import { CONFIDENTIAL, makeLabelWorld, type LabelWorld } from './label-world.ts';

/** Files are those of its language, by `wasi:filesystem`; the server is reached through the gate. */
const GUEST = `
import json
import os

import wit_world
from componentize_py_types import Err
from wit_world.imports import http

HELD = {}

def read(path):
    with open(path) as file:
        return file.read()

def write(path, text, mode="w"):
    with open(path, mode) as file:
        file.write(text)

def hold(path, mode):
    HELD[path] = open(path, mode)

def use(path, text=None):
    if text is None:
        return HELD[path].read()
    HELD[path].write(text)
    HELD[path].flush()

def post(url, text):
    return http.fetch(http.Request(http.Method.POST, url, [], text.encode(), 0)).status

STEPS = {
    "read": read, "write": write, "hold": hold, "use": use, "post": post,
    "list": lambda path: sorted(os.listdir(path)), "stat": lambda path: os.stat(path).st_size,
    "rename": os.rename, "symlink": os.symlink, "readlink": os.readlink, "link": os.link,
    "mkdir": os.mkdir, "remove": os.remove,
}

def perform(step):
    try:
        return {"ok": STEPS[step[0]](*step[1:])}
    except OSError as error:
        return {"error": error.strerror or str(error)}
    except Err as error:
        return {"error": type(error.value).__name__}

class WitWorld(wit_world.WitWorld):
    def run(self, input: str) -> str:
        return json.dumps([perform(step) for step in json.loads(input)])
`;

interface Seen {
  readonly ok?: unknown;
  readonly error?: string;
}

const skip = await reasonToSkip('python');
let component = '';
beforeAll(async () => {
  if (skip === undefined) component = await inlineGuest(GUEST, 'python');
}, 180_000);

describe.skipIf(skip !== undefined).each(CELLS)(
  `L1: files of WASI in a cell of kind \`%s\`${skip === undefined ? '' : ` (skipped: ${skip})`}`,
  (cell) => {
    let place: LabelWorld;
    afterEach(() => place.world.remove());

    async function steps(...asked: readonly (readonly unknown[])[]): Promise<{ seen: Seen[]; label?: string }> {
      const { output, error, label, cell: used } = await place.run(asked);
      expect(error).toBeUndefined();
      expect(used).toBe(cell);
      return { seen: JSON.parse(output ?? '') as Seen[], ...(label === undefined ? {} : { label }) };
    }
    const outcome = ({ seen }: { seen: Seen[] }) => seen.map(({ error }) => (error === undefined ? 'ok' : 'denied'));

    it('label a run: what it has read it cannot post, nor write where less is read', { timeout: 120_000 }, async () => {
      place = await makeLabelWorld({ cell, component });
      const post = ['post', `${place.origin}/`, 'told'];
      const told = await steps(
        ['read', '/work/open.txt'],
        post,
        ['hold', '/work/out/held.txt', 'w'],
        ['read', '/work/secret.txt'],
        post,
        ['write', '/work/out/new.txt', CONFIDENTIAL],
        ['use', '/work/out/held.txt', CONFIDENTIAL],
      );
      expect(told.seen[3]).toEqual({ ok: CONFIDENTIAL });
      expect(outcome(told)).toEqual(['ok', 'ok', 'ok', 'ok', 'denied', 'denied', 'denied']);
      expect(told.label).toBe('confidential');
      expect(place.told()).toEqual(['/ told']);
    });

    it('carry it to later runs of another host, however they are passed on', { timeout: 240_000 }, async () => {
      place = await makeLabelWorld({ cell, component });
      const first = await steps(
        ['read', '/work/secret.txt'],
        ['write', '/work/note.txt', CONFIDENTIAL],
        ['write', '/work/open.txt', CONFIDENTIAL, 'a'],
        ['rename', '/work/note.txt', '/work/moved.txt'],
        ['mkdir', '/work/folder'],
        ['write', '/work/folder/inner.txt', CONFIDENTIAL],
        ['rename', '/work/folder', '/work/other'],
        ['symlink', CONFIDENTIAL, '/work/pointer'],
        ['link', '/work/moved.txt', '/work/second.txt'],
      );
      expect(outcome(first)).toEqual([...Array<string>(8).fill('ok'), 'denied']); // a second name is never made
      const post = ['post', `${place.origin}/`, CONFIDENTIAL];
      for (const way of [
        ['read', '/work/moved.txt'],
        ['read', '/work/open.txt'],
        ['read', '/work/other/inner.txt'],
        ['list', '/work'],
        ['readlink', '/work/pointer'],
      ]) {
        const later = await steps(way, post);
        expect({ way, outcome: outcome(later), label: later.label }).toEqual({
          way,
          outcome: ['ok', 'denied'],
          label: 'confidential',
        });
      }
      // What was left alone is what it was: the label is not everywhere.
      place.world.write('shared/calm/a.txt', 'calm');
      expect(outcome(await steps(['list', '/work/calm'], ['read', '/work/calm/a.txt'], post))).toEqual([
        'ok',
        'ok',
        'ok',
      ]);
    });

    it('label whoever moves a confidential file, and what is there afterwards', { timeout: 240_000 }, async () => {
      place = await makeLabelWorld({ cell, component });
      const post = ['post', `${place.origin}/`, 'x'];
      expect(outcome(await steps(['rename', '/work/secret.txt', '/work/free.txt'], post))).toEqual(['ok', 'denied']);
      expect(outcome(await steps(['read', '/work/free.txt'], post))).toEqual(['ok', 'denied']);
      expect(outcome(await steps(['rename', '/work/hr', '/work/people'], post))).toEqual(['ok', 'denied']);
      expect(outcome(await steps(['read', '/work/people/staff.txt'], post))).toEqual(['ok', 'denied']);
      expect(place.told()).toEqual([]);
    });
  },
);
