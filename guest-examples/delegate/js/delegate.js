// Has another agent do the work: one call for each name of the input.
import { call } from 'sallyport:agent/tool-exec@0.1.0';

export function run(input) {
  const names = input.split(',').map((name) => name.trim());
  return names.map(greet).join('\n');
}

// The agent is a tool: it answers, it fails by itself (exit code 1), or the host says why it did not run.
function greet(name) {
  try {
    const { exitCode, stdout, stderr } = call('hello', JSON.stringify({ name }));
    return exitCode === 0 ? stdout : `${name}: hello failed: ${stderr}`;
  } catch (error) {
    return `${name}: ${error.payload?.val?.reason ?? error.payload?.tag ?? error}`;
  }
}
