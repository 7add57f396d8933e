// The starting point: reads one file, writes one log line, returns a greeting.
import { read } from 'sallyport:agent/fs@0.1.0';
import { write as log } from 'sallyport:agent/log@0.1.0';

const text = (bytes) => decodeURIComponent(escape(String.fromCharCode(...bytes)));

export function run(input) {
  const greeting = attempt('the greeting', () => text(read('/workspace/greeting.txt', undefined)));
  attempt('the log', () => log('info', `greeting ${input}`));
  return `${greeting.trim()}, ${input}!`;
}

// A refusal of the host arrives as an exception that carries the WIT error; a thrown text becomes the error of `run`.
function attempt(what, effect) {
  try {
    return effect();
  } catch (error) {
    throw `${what}: ${error.payload?.val?.reason ?? error.payload?.tag ?? error}`;
  }
}
