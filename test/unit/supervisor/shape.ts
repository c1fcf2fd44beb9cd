/** What a value must look like: a type's name (`?` allows null), a list's items, or an object's exact keys. */
export type Shape = string | readonly [Shape] | { readonly [key: string]: Shape };

/** Lists where a value differs from a shape; empty when it fits. */
export function findDifferences(value: unknown, shape: Shape, path = 'data'): readonly string[] {
  if (typeof shape === 'string') return checkType(value, shape, path);
  if (isListShape(shape)) {
    if (!Array.isArray(value)) return [`${path}: no list`];
    return value.flatMap((item, index) => findDifferences(item, shape[0], `${path}[${index}]`));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [`${path}: no object`];
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const extra = Object.keys(fields).filter((key) => !(key in shape));
  return [
    ...extra.map((key) => `${path}.${key}: not expected`),
    ...Object.entries(shape).flatMap(([key, inner]) =>
      key in fields
        ? findDifferences(fields[key], inner, `${path}.${key}`)
        : [`${path}.${key}: missing`],
    ),
  ];
}

function isListShape(shape: Exclude<Shape, string>): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function checkType(value: unknown, wanted: string, path: string): readonly string[] {
  if (wanted.endsWith('?') && value === null) return [];
  const type = wanted.replace('?', '');
  const found = value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
  return found === type ? [] : [`${path}: ${found} instead of ${type}`];
}
