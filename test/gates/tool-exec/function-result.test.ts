import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resultText } from '../../../host/runs/result-text.ts';

const MOST = 1000;

describe('what a function returned, as text', () => {
  it('is the text itself, nothing as an empty text, and JSON of anything else', () => {
    expect(resultText('as it is', MOST)).toEqual({ status: 'returned', form: 'text', text: 'as it is' });
    expect(resultText(undefined, MOST)).toEqual({ status: 'returned', form: 'text', text: '' });
    expect(resultText({ a: [1, null, 'x'], b: undefined }, MOST)).toEqual({
      status: 'returned',
      form: 'json',
      text: '{"a":[1,null,"x"]}',
    });
    expect(resultText({ at: new Date(0) }, MOST)).toMatchObject({ text: '{"at":"1970-01-01T00:00:00.000Z"}' });
  });

  it('is, for JSON, what any other writer makes of it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
        if (typeof value === 'string') return;
        const text = JSON.stringify(value);
        const size = Buffer.byteLength(text);
        expect(resultText(value, size)).toEqual({ status: 'returned', form: 'json', text });
        expect(resultText(value, size - 1)).toEqual({ status: 'too-large' });
      }),
    );
  });

  it('has lone surrogates replaced, for no other reader would take them', () => {
    expect(resultText(['\ud800'], MOST)).toMatchObject({ text: '["\ufffd"]' });
    expect(resultText('\ud800', MOST)).toMatchObject({ text: '\ufffd' });
  });
});
