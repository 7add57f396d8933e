/** Decimal amounts of money, in millionths of a currency. */
const AMOUNT = /^(\d{1,12})(?:\.(\d{1,12}))?$/;
const DIGITS = 6;

/**
 * `0.0125` in millionths. What is finer than a millionth is rounded up: nobody pays less than was said. Nothing for what is
 * no amount: a sign, an exponent, a separator, or more than can be counted.
 */
export function parseAmount(text: string): number | undefined {
  const [, whole, part = ''] = AMOUNT.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const millionths =
    Number(whole + part.slice(0, DIGITS).padEnd(DIGITS, '0')) + (/[1-9]/.test(part.slice(DIGITS)) ? 1 : 0);
  return Number.isSafeInteger(millionths) ? millionths : undefined;
}
