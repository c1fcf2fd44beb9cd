/** Plain JSON data, as it travels in requests, answers and the sidecar's messages. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Lays the user's options over the defaults as the Supervisor does: objects merge key by key, everything else
 * (lists too) is replaced (supervisor/apps/app.py, `options`).
 */
export function mergeOptions(defaults: JsonObject, user: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = { ...defaults };
  for (const [key, value] of Object.entries(user)) {
    const below = merged[key];
    merged[key] = isJsonObject(below) && isJsonObject(value) ? mergeOptions(below, value) : value;
  }
  return merged;
}

/** Truth of a value by Python's rules: empty lists, objects and strings count as false. */
export function isTruthy(value: JsonValue | undefined): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (isJsonObject(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** The text Python's `repr()` gives, since the Supervisor quotes offending values that way. */
export function formatPythonValue(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
    const escaped = value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
  }
  if (isJsonObject(value)) {
    const items = Object.entries(value).map(
      ([key, item]) => `${formatPythonValue(key)}: ${formatPythonValue(item)}`,
    );
    return `{${items.join(', ')}}`;
  }
  return `[${value.map((item) => formatPythonValue(item)).join(', ')}]`;
}
