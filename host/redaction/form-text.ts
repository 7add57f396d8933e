/** How names and values are masked. */
export interface FormMasking {
  /** The same text where nothing is found. */
  readonly text: (value: string) => string;
  /** What stands in the place of the value of a field of this name; `undefined` where its value is looked at. */
  readonly member: (name: string) => string | undefined;
}

/**
 * Masks names and values in the form encoding (WHATWG URL, section 5), by what they mean and as they are written: not
 * every reader takes `+` for a blank. Pairs without a find stay as they are.
 */
export function maskForm(text: string, masking: FormMasking): string {
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
