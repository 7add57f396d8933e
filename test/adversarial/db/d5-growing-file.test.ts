import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { errorOf, everything, workbench } from '../../gates/db/workbench.ts';

const MOST = 1024 * 1024;
const GROW = "insert into audit select hex(zeroblob(50000)) from json_each('[1,2,3,4,5,6,7,8,9,10]')";

describe('D5 too many rows, wide values, deep expressions: a file that grows without end', () => {
  it.each(['a guest', 'the configuration'])('is stopped at its limit, by a statement of %s', async (whose) => {
    const bench = workbench({ allow: everything, maxFileBytes: MOST, statements: { grow: GROW } });
    const grow = () =>
      whose === 'a guest' ? bench.db.execute('main', GROW, []) : bench.db.executeNamed('main', 'grow', []);
    await grow();
    expect(await errorOf(grow())).toEqual({ tag: 'too-large' });
    expect(statSync(bench.path).size).toBeLessThanOrEqual(MOST);
    await bench.db.execute('main', 'delete from audit', []);
    await grow();
  });
});
