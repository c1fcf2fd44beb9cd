/** As much of JSON Schema (draft 7) as docs/smoke.schema.json uses. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: 'object' | 'array' | 'string' | 'boolean' | 'number' | 'integer';
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly format?: 'regex';
}

function isOfType(type: NonNullable<JsonSchema['type']>, value: unknown): boolean {
  switch (type) {
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isRegex(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

function fitsObject(schema: JsonSchema, value: Readonly<Record<string, unknown>>): boolean {
  const { properties = {}, additionalProperties: more = true, required = [] } = schema;
  return (
    required.every((key) => key in value) &&
    Object.entries(value).every(([key, item]) => {
      const property = properties[key] ?? more;
      return typeof property === 'boolean' ? property : fits(property, item);
    })
  );
}

/** Whether a value fits a schema, as an editor judges it. */
export function fits(schema: JsonSchema, value: unknown): boolean {
  const { type, items, anyOf, minimum = -Infinity, maximum = Infinity } = schema;
  const { minLength = 0, maxLength = Infinity } = schema;
  if (type !== undefined && !isOfType(type, value)) return false;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  if (anyOf !== undefined && !anyOf.some((one) => fits(one, value))) return false;
  if (typeof value === 'number') return value >= minimum && value <= maximum;
  if (typeof value === 'string') {
    const isRight = schema.format === undefined || isRegex(value);
    return isRight && value.length >= minLength && value.length <= maxLength;
  }
  if (Array.isArray(value)) {
    const isLongEnough = value.length >= (schema.minItems ?? 0);
    return isLongEnough && (items === undefined || value.every((item) => fits(items, item)));
  }
  if (typeof value !== 'object' || value === null) return true;
  return fitsObject(schema, value as Readonly<Record<string, unknown>>);
}
