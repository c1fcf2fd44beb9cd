import { PyOther } from '../python-value.js';
import { ScalarError } from './scalar-error.js';

const QUOTED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 92: '\\\\' };

/**
 * The value of a `!!binary`, base64 as Python's lenient decoder takes it.
 *
 * @throws ScalarError
 */
export function constructBinary(text: string): PyOther {
  const digits = takeDigits(text);
  if (/[^\0-\x7F]/.test(text) || digits === undefined) {
    throw new ScalarError('the text after !!binary is no base64', false);
  }
  const bytes = Buffer.from(digits, 'base64');
  return new PyOther('bytes', toPythonBytes(bytes), bytes.length === 0);
}

// Other characters are passed over; padding that fills up four digits ends the text.
function takeDigits(text: string): string | undefined {
  let digits = '';
  let padding = 0;
  for (const character of text) {
    if (character === '=') {
      padding += 1;
      const position = digits.length % 4;
      if (position >= 2 && position + padding >= 4) return digits;
    } else if (/[A-Za-z0-9+/]/.test(character)) {
      padding = 0;
      digits += character;
    }
  }
  return digits.length % 4 === 0 ? digits : undefined;
}

function toPythonBytes(bytes: Uint8Array): string {
  const mark = bytes.includes(39) && !bytes.includes(34) ? '"' : "'";
  const characters = Array.from(bytes, (byte) => {
    if (byte === mark.charCodeAt(0)) return `\\${mark}`;
    const isPrintable = byte >= 32 && byte < 127;
    return QUOTED[byte] ?? (isPrintable ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`);
  });
  return `b${mark}${characters.join('')}${mark}`;
}
