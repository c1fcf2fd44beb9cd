import type { ImageContents } from '../../plan/image-contents.js';
import { isOwnSource, toProjectName, type InstalledPackage } from './installed-packages.js';

const IMPORT = /^[ \t]*(?:import[ \t]+([\w.,\t ]+)|from[ \t]+([\w.]+)[ \t]+import\b)/gm;

/** Names that modules of the add-on's own code begin their imports with. */
function listImports(text: string): readonly string[] {
  return [...text.matchAll(IMPORT)].flatMap(([, names, from]) => {
    if (from !== undefined) return [from.split('.')[0] ?? ''];
    return (names ?? '').split(',').map((name) => name.trim().split(/[\s.]/)[0] ?? '');
  });
}

/** Started by their name on the command line, loaded by other means, or there for others. */
const NEVER_IMPORTED =
  /^(?:pip|setuptools|wheel|uv|poetry|gunicorn|uvicorn|hypercorn|supervisor|ansible|awscli|certifi|tzdata|typing_extensions|.*-stubs)$/i;

/**
 * Python packages that nothing in the image asks for: neither the add-on's code or scripts by an import or by their
 * name, nor another package that is asked for.
 *
 * Undefined when there is no Python code of the add-on to judge by.
 */
export function findUnusedPython(
  contents: ImageContents,
  packages: readonly InstalledPackage[],
): readonly InstalledPackage[] | undefined {
  const sources = [...contents.texts].filter(([path]) => isOwnSource(path));
  if (!sources.some(([path]) => path.endsWith('.py'))) return undefined;
  const imported = new Set(sources.flatMap(([, text]) => listImports(text)));
  // importlib.import_module("name"), plug-ins named in settings, programs that a script starts.
  const mentioned = sources.map(([, text]) => text).join('\n');
  const python = packages.filter(({ kind }) => kind === 'python');
  const byName = new Map(python.map((one) => [toProjectName(one.name), one]));
  const used = new Set<InstalledPackage>();
  const queue = python.filter(
    ({ name, modules }) =>
      NEVER_IMPORTED.test(name) ||
      modules.length === 0 ||
      modules.some((module) => imported.has(module)) ||
      [name, ...modules].some((word) => mentioned.includes(word)),
  );
  for (const one of queue) {
    if (used.has(one)) continue;
    used.add(one);
    for (const need of one.needs) {
      const found = byName.get(need);
      if (found !== undefined) queue.push(found);
    }
  }
  return python.filter((one) => !used.has(one));
}
