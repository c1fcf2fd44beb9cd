import { PyDict } from './python-value.js';
import { parseJson, parseYaml } from './yaml.js';

/**
 * What a text of a config file says of itself, be it from another commit.
 *
 * @param file its name tells JSON from YAML
 * @returns undefined when it says nothing, or can't be read
 */
export function readConfigText(
  file: string,
  text: string,
  key: 'slug' | 'version',
): string | undefined {
  const parsed = file.endsWith('.json') ? parseJson(text) : parseYaml(text);
  const value = parsed.ok ? parsed.document.value : undefined;
  const found = value instanceof PyDict ? value.get(key) : undefined;
  return typeof found === 'string' ? found : undefined;
}
