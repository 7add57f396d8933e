// A host that was started with descriptors open: says what it has itself, and what a tool that it runs has.
import { readdirSync, readlinkSync } from 'node:fs';
import { toolFixture } from '../../gates/tool-exec/tool-fixture.ts';

function own(): string[] {
  return readdirSync('/proc/self/fd').flatMap((name) => {
    try {
      return [`${name} ${readlinkSync(`/proc/self/fd/${name}`)}`];
    } catch {
      return []; // the descriptor of the listing itself
    }
  });
}

using fixture = toolFixture({
  ls: { description: 'lists', isolation: 'none', command: '/bin/ls', arguments: ['-l', '/proc/self/fd'] },
});
const { stdout } = await fixture.tools.call('ls', '{}');
const tool = [...stdout.matchAll(/ (\d+) -> (.*)$/gm)].map(([, number, target]) => `${number} ${target}`);
process.stdout.write(JSON.stringify({ own: own(), tool }));
