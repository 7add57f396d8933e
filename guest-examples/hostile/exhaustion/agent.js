// Uses up one thing of the host: the input says which.
import { write as log } from 'sallyport:agent/log@0.1.0';

const attacks = {
  spin() {
    for (;;);
  },
  pattern() {
    return /^(a+)+$/.test('a'.repeat(40) + 'b');
  },
  retry() {
    for (;;) {
      try {
        throw new Error('again');
      } catch {
        continue;
      }
    }
  },
  allocate() {
    const kept = [];
    for (;;) kept.push(new Uint8Array(1 << 16).fill(1));
  },
  recurse() {
    const deeper = (n) => 1 + deeper(n + 1);
    return deeper(0);
  },
  flood() {
    for (;;) log('info', 'x');
  },
  large() {
    return log('info', 'x'.repeat(20 << 20));
  },
  answer() {
    return 'x'.repeat(8 << 20);
  },
  throw() {
    throw new Error('thrown by the agent');
  },
  refuse() {
    throw 'refused by the agent';
  },
  call() {
    log('info', 'one call');
    return 'called';
  },
};

export function run(input) {
  return String(attacks[input]() ?? input);
}
