/** Counts the primes below its input by trial division: nothing but instructions. */
export function run(input) {
  const most = Number(input);
  let count = 0;
  for (let number = 2; number < most; number += 1) {
    let prime = true;
    for (let by = 2; prime && by * by <= number; by += 1) prime = number % by !== 0;
    if (prime) count += 1;
  }
  return String(count);
}
