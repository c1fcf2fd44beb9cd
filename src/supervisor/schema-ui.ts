import { isJsonObject, type JsonObject, type JsonValue } from './json.js';

const RANGED = /^(?:str|password|int|float)\((?<min>[^,]*),(?<max>[^)]*)\)/;
const LIST = /^list\((?<items>.+)\)/;

/** Element prefix to the node's fixed fields; the first prefix that fits wins, as in the Supervisor. */
const NODE_TYPES: readonly (readonly [prefix: string, fields: JsonObject])[] = [
  ['str', { type: 'string' }],
  ['password', { type: 'string', format: 'password' }],
  ['int', { type: 'integer' }],
  ['float', { type: 'float' }],
  ['bool', { type: 'boolean' }],
  ['email', { type: 'string', format: 'email' }],
  ['url', { type: 'string', format: 'url' }],
  ['port', { type: 'integer' }],
  ['match', { type: 'string' }],
  ['list', { type: 'select' }],
  ['device', { type: 'select' }],
];

/**
 * Turns the `schema` of a config.yaml into the list of form nodes that `/addons/self/info` gives
 * (supervisor/apps/options.py, `UiOptions`). Device selections are empty: the stand-in has no host hardware.
 */
export function describeSchema(schema: JsonObject): readonly JsonObject[] {
  return Object.entries(schema).flatMap(([key, element]) => describeElement(key, element, false));
}

function describeElement(
  name: string,
  element: JsonValue,
  multiple: boolean,
): readonly JsonObject[] {
  if (Array.isArray(element)) {
    const first = (element as readonly JsonValue[])[0];
    return first === undefined || multiple ? [] : describeElement(name, first, true);
  }
  if (isJsonObject(element)) {
    return [{ name, type: 'schema', optional: true, multiple, schema: describeSchema(element) }];
  }
  return typeof element === 'string' ? [describeSingle(name, element, multiple)] : [];
}

function describeSingle(name: string, element: string, multiple: boolean): JsonObject {
  const range = RANGED.exec(element)?.groups;
  const min = range?.['min'] ?? '';
  const max = range?.['max'] ?? '';
  const items = LIST.exec(element)?.groups?.['items'];
  const fields = NODE_TYPES.find(([prefix]) => element.startsWith(prefix))?.[1] ?? {};
  return {
    name,
    ...(multiple ? { multiple: true } : {}),
    ...(min === '' ? {} : { lengthMin: Number(min) }),
    ...(max === '' ? {} : { lengthMax: Number(max) }),
    ...(element.endsWith('?') ? { optional: true } : { required: true }),
    ...fields,
    ...(items === undefined ? {} : { options: items.split('|') }),
    ...(element.startsWith('device') ? { options: [] } : {}),
  };
}
