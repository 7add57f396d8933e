import { describe, expect, it } from 'vitest';
import { probeTool, toolFixture, toolTagOf, type Probed, type RawTool } from './tool-fixture.ts';

const MASKED = { obligations: { redact: ['email', 'ip'] } } as const;
const text = { type: 'string' };
const redacted = ({ records }: { records: readonly { outcome?: { discharged?: Record<string, unknown> } }[] }) =>
  records.flatMap(({ outcome }) => outcome?.discharged?.['redact'] ?? []);

describe('a tool under redact', () => {
  it('is given its arguments masked, and not those that the operator wrote', async () => {
    using fixture = toolFixture(
      { probe: probeTool(['--host=192.0.2.1', '--to={to}'], { to: text, input: text }, { stdin: 'input' }) },
      MASKED,
    );
    const { stdout } = await fixture.tools.call('probe', JSON.stringify({ to: 'ada@example.com', input: '192.0.2.7' }));
    const probed = JSON.parse(stdout) as Probed;
    expect(probed.argv).toContain('--to=[redacted:email]');
    expect(probed.stdin).toBe('[redacted:ip]');
    // What comes back is masked as well: the probe says what it was started with.
    expect(probed.argv).toContain('--host=[redacted:ip]');
    expect(redacted(fixture)).toEqual([{ email: 1, ip: 2 }]);
  });

  it('is not called where its schema does not take what is masked', async () => {
    using fixture = toolFixture({ probe: probeTool(['{to}'], { to: { type: 'string', maxLength: 15 } }) }, MASKED);
    expect(await toolTagOf(fixture.tools.call('probe', '{"to":"ada@example.com"}'))).toBe(
      'denied:unsupported-obligation',
    );
    expect(fixture.runs).toEqual([]);
    expect(await fixture.tools.call('probe', '{"to":"ada"}')).toMatchObject({ exitCode: 0 });
  });

  it('answers masked in both of its outputs', async () => {
    const tool = (command: string, argument: string): RawTool => ({
      ...{ description: 'says', isolation: 'none', command },
      arguments: [argument],
    });
    using fixture = toolFixture(
      { echo: tool('/bin/echo', 'ada@example.com'), ls: tool('/bin/ls', '/nowhere/ada@example.com') },
      MASKED,
    );
    expect(await fixture.tools.call('echo', '{}')).toMatchObject({ stdout: '[redacted:email]\n' });
    const { stderr } = await fixture.tools.call('ls', '{}');
    expect(stderr).toContain('/nowhere/[redacted:email]');
  });
});
