import { describe, expect, it } from 'vitest';
import type { ProcessRequest } from '../../host/gates/tool-exec/process-request.ts';
import { createExecutables } from '../../host/powers/executables.ts';
import { fileIdentity } from '../../host/powers/file-identity.ts';
import { createInheritedDescriptors } from '../../host/powers/inherited-descriptors.ts';
import { createDirectProcesses } from '../../host/powers/process-direct.ts';

const NO_LIMITS = {
  memoryBytes: undefined,
  processes: undefined,
  fileBytes: undefined,
  cpuSeconds: undefined,
  openFiles: undefined,
};

const requestFor = (file: string, argv: readonly string[], more: Partial<ProcessRequest> = {}): ProcessRequest => ({
  file,
  name: file,
  argv,
  environment: [],
  directory: '/',
  stdin: undefined,
  takesInput: false,
  umask: 0o077,
  limits: NO_LIMITS,
  sandbox: undefined,
  timeoutMs: 5000,
  mostOutputBytes: 1000,
  identity: fileIdentity(file),
  sha256: undefined,
  ...more,
});

function directly(request: ProcessRequest) {
  const ledger = { started: () => undefined, ended: () => undefined };
  return createDirectProcesses(ledger, createExecutables(), createInheritedDescriptors).run(request);
}

describe('tools as children of the cell', () => {
  it('run where there is no other way', async () => {
    const result = await directly(requestFor('/bin/echo', ["a'b", '-n', '']));
    expect(result).toMatchObject({ status: 'exited', exitCode: 0, stdout: Buffer.from("a'b -n \n") });
    const copied = await directly(requestFor('/bin/cat', [], { stdin: Buffer.from('input'), takesInput: true }));
    expect(copied).toMatchObject({ stdout: Buffer.from('input') });
  });

  it('are held to their time and their output', async () => {
    expect(await directly(requestFor('/bin/sleep', ['60'], { timeoutMs: 200 }))).toEqual({ status: 'timed-out' });
    const flood = await directly(requestFor('/usr/bin/yes', []));
    expect(flood).toMatchObject({ status: 'exited', exitCode: 137, truncated: true });
  });

  it('are not started where a sandbox or a limit is asked for', async () => {
    const sandbox = { mounts: [], readOnly: [], scripts: [], network: false };
    expect(await directly(requestFor('/bin/true', [], { sandbox }))).toEqual({ status: 'not-started' });
    const limits = { ...NO_LIMITS, processes: 5 };
    expect(await directly(requestFor('/bin/true', [], { limits }))).toEqual({ status: 'not-started' });
  });

  it('are not started from another file than the one that was declared', async () => {
    expect(await directly(requestFor('/bin/true', [], { identity: fileIdentity('/bin/false') }))).toEqual({
      status: 'changed',
    });
  });
});
