import { isList, toPythonText } from './python-text.js';
import { PyDate, PyDict, PyFloat, PyOther, type PyValue } from './python-value.js';

const INDENT = '  ';

/**
 * Writes a value as the Supervisor writes `/data/options.json`: indented by two spaces, floats with a
 * fraction (`1.0`), infinity and NaN as `null`, everything else than ASCII as it is.
 */
export function renderJson(value: PyValue): string {
  return render(value, '\n');
}

/** @param lineBreak a line break and the indentation of the line that the value starts in */
function render(value: PyValue, lineBreak: string): string {
  if (isList(value)) {
    const items = value.map((item) => render(item, lineBreak + INDENT));
    return wrap('[', items, ']', lineBreak);
  }
  if (value instanceof PyDict) {
    const members = [...value.entries()].map(
      ([key, item]) =>
        `${JSON.stringify(toPythonText(key))}: ${render(item, lineBreak + INDENT)}`,
    );
    return wrap('{', members, '}', lineBreak);
  }
  if (value instanceof PyFloat) return renderFloat(value);
  if (value instanceof PyDate || value instanceof PyOther) return JSON.stringify(value.text);
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function wrap(open: string, items: readonly string[], close: string, lineBreak: string): string {
  if (items.length === 0) return open + close;
  return open + items.map((item) => lineBreak + INDENT + item).join(',') + lineBreak + close;
}

function renderFloat(value: PyFloat): string {
  return Number.isFinite(value.value) ? toPythonText(value) : 'null';
}
