// Repeats one operation: what `bench/operations` measures. Input: `OPERATION COUNT ARGUMENT`.
import { query, queryNamed } from 'sallyport:agent/db@0.1.0';
import { read } from 'sallyport:agent/fs@0.1.0';
import { fetch } from 'sallyport:agent/http@0.1.0';
import { call } from 'sallyport:agent/tool-exec@0.1.0';

const id = (turn) => [{ tag: 'integer', val: turn % 1000 }];

const operations = new Map([
  ['read', (path) => read(path, undefined).length],
  ['named', (_, turn) => queryNamed('main', 'item-by-id', id(turn)).rows.length],
  ['sql', (_, turn) => query('main', 'select name from items where id = ?', id(turn)).rows.length],
  ['get', (url) => fetch({ method: 'get', url, headers: [] }).body.length],
  ['tool', () => call('true', '{}').exitCode + 1],
]);

export function run(input) {
  const [operation, count, argument] = input.split(' ');
  const once = operations.get(operation);
  if (once === undefined) throw 'operations are read, named, sql, get, tool';
  let done = 0;
  try {
    for (let turn = 0; turn < Number(count); turn++) done += once(argument, turn);
  } catch (error) {
    throw JSON.stringify(error.payload ?? String(error));
  }
  return String(done);
}
