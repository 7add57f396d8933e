import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';

/** Files, a database, a server and a tool on this machine, and a configuration that shows them to the guest. */
export interface OperationsWorld {
  readonly directory: string;
  readonly configuration: string;
  readonly file: string;
  readonly database: string;
  readonly url: string;
  readonly tool: string;
  close(): void;
}

const SERVER = `
const body = Buffer.alloc(1024, 'x');
const server = require('node:http').createServer((request, response) => response.end(body));
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

/** Makes the world in a temporary folder. The server is a process of its own, so that it does not share a core's event loop. */
export async function makeOperationsWorld(): Promise<OperationsWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
  const workspace = join(directory, 'workspace');
  mkdirSync(workspace);
  const file = join(workspace, 'data.bin');
  writeFileSync(file, Buffer.alloc(4096, 7));
  const database = join(directory, 'items.db');
  makeDatabase(database);
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<string>((resolve, reject) => {
    server.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    server.once('error', reject);
  });
  const url = `http://127.0.0.1:${port}/item`;
  const tool = '/bin/true';
  writeFileSync(join(directory, 'sallyport.yaml'), configurationFor(tool));
  mkdirSync(join(directory, 'policy'));
  writeFileSync(join(directory, 'policy', 'policy.csv'), policyFor(`http://127.0.0.1:${port}`));
  return Object.freeze({
    directory,
    configuration: join(directory, 'sallyport.yaml'),
    file,
    database,
    url,
    tool,
    close(): void {
      server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  });
}

function makeDatabase(path: string): void {
  const database = new DatabaseSync(path);
  database.exec('create table items (id integer primary key, name text not null)');
  database.exec('begin');
  const insert = database.prepare('insert into items values (?, ?)');
  for (let id = 0; id < 1000; id += 1) insert.run(id, `item ${id}`);
  database.exec('commit');
  database.close();
}

const configurationFor = (tool: string): string => `version: 1
cell: thread
limits: { hostCalls: 1000000, wall: 600s, cpu: 600s }
agents:
  bench:
    component: bench.wasm
mounts:
  /workspace: { directory: workspace, access: ro }
databases:
  main:
    sqlite: items.db
    access: ro
    statements: { item-by-id: select name from items where id = ? }
tools:
  "true":
    description: does nothing
    isolation: none
    command: ${tool}
    arguments: []
    schema: { type: object, properties: {}, additionalProperties: false }
`;

const policyFor = (origin: string): string => `p, role:bench, fs:read, /workspace/**, -, allow, -
p, role:bench, db:select, db:main/items, -, allow, -
p, role:bench, http:GET, ${origin}/**, -, allow, -
p, role:bench, tool:call, tool:true, -, allow, -
g, agent:bench, role:bench
`;
