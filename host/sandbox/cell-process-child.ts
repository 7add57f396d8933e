import { registerHooks } from 'node:module';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { GLUE_FILE, type Artefact } from './artefact.ts';
import { FROM_PROCESS, SOCKET, TO_PROCESS, type CellJob } from './cell-frames.ts';
import { createFrameChannel } from './frame-channel.ts';
import type { GuestEnd } from '../contracts/run-end.ts';
import type { ImportedFunction } from './import-table.ts';
import { openInstance, type EndPhase, type ModuleMap } from './instance.ts';
import { createMeter } from './meter.ts';
import { createProxyImports } from './proxy-imports.ts';
import { createWireReader } from './wire-reader.ts';
import { createWireWriter } from './wire-writer.ts';

/*
 * The process of one guest. It may read the files of its own program and nothing else; the component comes over the
 * socket, and every import of it goes back there. Whatever takes it over finds the same: functions that ask.
 */

const NO_BOUND = Number.MAX_SAFE_INTEGER;
/** Where the glue seems to lie. There is no such file, and no other module can be loaded once it is known. */
const DIRECTORY = '/artefact';

const channel = createFrameChannel(SOCKET);
const writer = createWireWriter();
const meter = createMeter();

/** The broker is gone: so is the run. */
function orGone<T>(value: T | undefined | false): T {
  if (value === undefined || value === false) process.exit(0);
  return value;
}

const take = (length: number): Uint8Array<ArrayBuffer> => new Uint8Array(orGone(channel.take(length)));

function readJob(): { job: CellJob; glue: Uint8Array; bytes: readonly (readonly [string, Uint8Array<ArrayBuffer>])[] } {
  const reader = createWireReader(orGone(channel.read(NO_BOUND)), NO_BOUND);
  if (reader.u8() !== TO_PROCESS.job) throw new Error('not a job');
  const job = JSON.parse(reader.text()) as CellJob; // the broker wrote it a moment ago: the two files are one program
  const glue = take(job.glueBytes);
  const bytes = job.moduleBytes.map(
    (length, index) => [job.artefact.modules[index]?.name ?? '', take(length)] as const,
  );
  return { job, glue, bytes };
}

/** Gives the glue out as a module, and no other. */
function serveGlue(source: Uint8Array): void {
  const { href } = pathToFileURL(`${DIRECTORY}/${GLUE_FILE}`);
  registerHooks({
    resolve(specifier) {
      if (specifier !== href) throw new Error('nothing can be imported here');
      return { url: href, shortCircuit: true };
    },
    load: () => ({ format: 'module', source, shortCircuit: true }),
  });
}

async function compiled(modules: readonly (readonly [string, Uint8Array<ArrayBuffer>])[]): Promise<ModuleMap> {
  return new Map(
    await Promise.all(modules.map(async ([name, bytes]) => [name, await WebAssembly.compile(bytes)] as const)),
  );
}

function send(): void {
  orGone(channel.write(writer.take()));
}

function callBroker(id: number, index: number, { wire }: ImportedFunction, values: readonly unknown[]): unknown {
  writer.begin();
  writer.u8(FROM_PROCESS.call);
  writer.u32(id);
  writer.u16(index);
  writer.u32(meter.peakPages());
  wire.writeValues(writer, values);
  send();
  const reader = createWireReader(orGone(channel.read(NO_BOUND)), NO_BOUND);
  if (reader.u8() !== TO_PROCESS.answer || reader.u32() !== id) throw new Error('not the answer');
  return wire.readAnswer(reader);
}

/** No function waits: the answer of the broker is there when it returns. */
function alone(artefact: Artefact): Artefact {
  const imports = Object.entries(artefact.imports).map(([iface, wanted]) => [iface, { ...wanted, waits: [] }] as const);
  return { ...artefact, directory: DIRECTORY, imports: Object.fromEntries(imports) };
}

/** Tells the end and waits to be ended: a guest that holds the thread does not get it back. */
function tellEnd(end: GuestEnd): never {
  writer.begin();
  writer.u8(FROM_PROCESS.end);
  writer.u32(meter.peakPages());
  writer.u64(BigInt(meter.fuel() ?? 0));
  writer.text(JSON.stringify(end));
  send();
  while (channel.read(NO_BOUND) !== undefined); // nothing that comes now is for anybody
  process.exit(0);
}

/** Waits for the run, in a system call. */
function readRun(): { token: string; input: string } {
  const reader = createWireReader(orGone(channel.read(NO_BOUND)), NO_BOUND);
  if (reader.u8() !== TO_PROCESS.run) throw new Error('not a run');
  return { token: reader.text(), input: reader.text() };
}

function tellReady(): void {
  writer.begin();
  writer.u8(FROM_PROCESS.ready);
  send();
}

function tellStart(token: string): void {
  const { user, system } = process.cpuUsage();
  writer.begin();
  writer.u8(FROM_PROCESS.started);
  writer.text(token);
  writer.f64((user + system) / 1000);
  send();
}

async function main(): Promise<void> {
  const { job, glue, bytes } = readJob();
  const modules = await compiled(bytes);
  const artefact = alone(job.artefact);
  let calls = 0;
  const imports = createProxyImports(artefact, {
    call: (index, called, values) => callBroker(++calls, index, called, values),
    drop(handle): void {
      writer.begin();
      writer.u8(FROM_PROCESS.drop);
      writer.u32(handle);
      send();
    },
  });
  // First what a core module needs in the place of generated code: later nothing can be loaded.
  const start = job.artefact.program === 'module' ? await import('./module-start.ts') : {};
  serveGlue(glue);
  let begun = false; // what ends a run before it is there is told when it is
  const notify = (phase: EndPhase, end: GuestEnd): void => {
    if (begun && phase === 'ending') tellEnd(end);
  };
  const options = { artefact, modules, imports, limits: job.limits, meter, notify, ...start };
  const ahead = job.ahead ? openInstance(options, 'ahead') : undefined;
  await ahead?.made;
  if (job.ahead) tellReady();
  const { token, input } = readRun();
  tellStart(token);
  begun = true;
  tellEnd(await (ahead ?? openInstance(options, 'for a run')).run(input));
}

await main();
