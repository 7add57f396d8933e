import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findRun, listRuns, readRunRecords } from '../../host/audit/run-record.ts';
import { createAuditFiles } from '../../host/powers/audit-file.ts';
import { createPathProbe } from '../../host/powers/path-probe.ts';
import { intended, open, OPENED, scratch, settled, wholeRun } from './run-fixture.ts';

const finder = { files: createAuditFiles(), probe: createPathProbe() };

describe('the records of a run', () => {
  it('are read from text and from pieces alike', () => {
    using folder = scratch();
    const text = wholeRun(folder.directory).join('');
    const pieces = Array.from({ length: Math.ceil(text.length / 13) }, (_, index) =>
      Buffer.from(text.slice(index * 13, index * 13 + 13)),
    );
    const records = [...readRunRecords(text)];
    expect(records).toEqual([...readRunRecords(pieces)]);
    expect(records.map(({ line, record }) => [line, record?.seq, record?.type])[1]).toEqual([2, 1, 'effect.intended']);
    expect(records).toHaveLength(7);
  });

  it('are read up to and past a torn line, which is handed on as text', () => {
    using folder = scratch();
    const run = open(folder.directory);
    for (const entry of [OPENED, intended(), settled(1)]) run.writer.append(entry);
    appendFileSync(run.path, '{"hash":"\xff');
    expect([...readRunRecords(run.text())].at(-1)).toEqual({ line: 4, text: '{"hash":"\xff' });
    run.close();
    const types = [...readRunRecords(createAuditFiles().read(run.path))].map(({ record }) => record?.type);
    expect(types.slice(-3)).toEqual([undefined, 'log.recovered', 'run.closed']);
  });

  it('are only what has the members of a record', () => {
    const lines = ['null', '1', '[]', '{}', '{"run":"r","seq":1.5,"time":"t","type":"x","hash":"h"}', '\ufffd'];
    expect([...readRunRecords(lines.join('\n'))].map(({ record }) => record)).toEqual(lines.map(() => undefined));
  });
});

describe('a run is found', () => {
  const runs = ['run-01aaa', 'run-01aab', 'run-02ccc'];
  const folderOfRuns = (directory: string) => {
    for (const run of runs) writeFileSync(join(directory, `${run}.jsonl`), '');
    writeFileSync(join(directory, 'reserve'), '');
    return directory;
  };

  it('by its id, by a beginning that fits only one, and as the latest', () => {
    using folder = scratch();
    const directory = folderOfRuns(folder.directory);
    const found = (reference: string) => findRun(directory, reference, finder).slice(directory.length + 1);
    expect(['run-01aaa', 'run-02', 'latest'].map(found)).toEqual([
      'run-01aaa.jsonl',
      'run-02ccc.jsonl',
      'run-02ccc.jsonl',
    ]);
    expect(listRuns(directory, finder.files)).toEqual(runs);
  });

  it('by its path', () => {
    using folder = scratch();
    const path = join(folder.directory, 'elsewhere.jsonl');
    writeFileSync(path, '');
    expect(findRun('/nowhere', path, finder)).toBe(path);
  });

  it.each([
    ['run-01', '`run-01` is the beginning of 2 runs', ['run-01aaa', 'run-01aab']],
    ['run-02ccd', 'did you mean `run-02ccc`?', runs],
    ['', 'no run ``', runs],
    ['nothing-like-it', 'no run `nothing-like-it`', runs],
    ['./gone', 'there is no file', []],
    ['../run-01aaa', 'there is no file', []],
  ])('not by %j, and the error says what there is', (reference, message, hints) => {
    using folder = scratch();
    const directory = folderOfRuns(folder.directory);
    const finding = () => findRun(directory, reference, finder);
    expect(finding).toThrow(message);
    expect(finding).toThrow(expect.objectContaining({ code: 'ERR_AUDIT_READ', hints }));
  });

  it('not where the path is a folder, the folder is empty, or not there', () => {
    using folder = scratch();
    mkdirSync(join(folder.directory, 'x.jsonl'));
    expect(() => findRun('/nowhere', join(folder.directory, 'x.jsonl'), finder)).toThrow('is a directory');
    expect(() => findRun(join(folder.directory, 'x.jsonl'), 'latest', finder)).toThrow('there is no run in');
    expect(() => findRun('/nowhere', 'latest', finder)).toThrow('cannot be read');
    expect(() => findRun('/nowhere', '/dev/null', finder)).toThrow('not a regular file');
    expect(readFileSync('/dev/null', 'utf8')).toBe('');
  });
});
