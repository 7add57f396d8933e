// A host whose tool sleeps: says when it does, and waits to be killed.
import { readFileSync, readdirSync } from 'node:fs';
import { probeTool, toolFixture } from '../../gates/tool-exec/tool-fixture.ts';

const [isolation = 'none', mark = ''] = process.argv.slice(2);
const fixture = toolFixture({
  sleep: probeTool(
    ['do:sleep', '{mark}'],
    { mark: { type: 'string' } },
    { isolation: isolation === 'none' ? 'none' : 'bubblewrap' },
  ),
});
void fixture.tools.call('sleep', JSON.stringify({ mark }));
setInterval(() => {
  const tools = readdirSync('/proc').filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`do:sleep\0${mark}`);
    } catch {
      return false; // not a process, or one that has just ended
    }
  });
  if (tools.length > 0) process.stdout.write('runs\n');
}, 20);
