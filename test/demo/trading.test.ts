import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

function play(...args: string[]): Promise<{ code: number | null; text: string }> {
  const flags = ['--no-experimental-ffi', '--disable-warning=ExperimentalWarning'];
  const child = spawn(process.execPath, [...flags, join(root, 'demo/trading.ts'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}

// One after the other: both make the same folder.
describe('the demonstration of the trading desk', { timeout: 300_000 }, () => {
  it('lets happen what a person approves, and nothing else', async () => {
    const { code, text } = await play('--approve', 'auto-yes');
    expect(text).toContain('every step ended as the policy says');
    expect(text).toContain('nothing that may not leave has left');
    expect(text).toContain('broker: POST /orders');
    expect(text).toContain('compliance: POST /disclosures');
    expect(text).toMatch(/partner: POST \/notes .*\[redacted:iban\]/);
    expect(code).toBe(0);
  });

  it('goes on where a person says no', async () => {
    const { code, text } = await play('--approve', 'auto-no');
    expect(text).toContain('every step ended as the policy says');
    expect(text).not.toContain('broker: POST');
    expect(text).not.toContain('compliance: POST');
    expect(code).toBe(0);
  });

  it('knows three ways to approve', async () => {
    const { code, text } = await play('--approve', 'always');
    expect(text).toContain('`--approve` is one of auto-yes, auto-no, prompt, not `always`');
    expect(code).toBe(1);
  });
});
