import type { JsonMasking } from './json-text.ts';

/**
 * Masks names and values in the form encoding (WHATWG URL, section 5), by what they mean and as they are written: not
 * every reader takes `+` for a blank. Pairs without a find stay as they are.
 */
export function maskForm(text: string, masking: JsonMasking): string {
  return text
    .split('&')
    .map((pair) => {
      const equals = pair.indexOf('=');
      const name = decoded(equals < 0 ? pair : pair.slice(0, equals));
      const value = decoded(equals < 0 ? '' : pair.slice(equals + 1));
      const [maskedName, maskedValue] = [masking.text(name), masking.member(name) ?? masking.text(value)];
      if (maskedName === name && maskedValue === value) return masking.text(pair);
      return `${encodeURIComponent(maskedName)}=${encodeURIComponent(maskedValue)}`;
    })
    .join('&');
}

/** The one parser of this encoding that all readers agree on, for one name or value. */
const decoded = (written: string): string => new URLSearchParams(`v=${written.replaceAll('&', '%26')}`).get('v') ?? '';
