/** Waits for one answer: what lives in a host while it does nothing. */
import { fetch } from 'sallyport:agent/http@0.1.0';

export function run(input) {
  const { status } = fetch({ method: 'get', url: input, headers: [], body: undefined, maxRedirects: undefined });
  return `answered with ${status}`;
}
