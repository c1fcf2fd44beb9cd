import type { ImageContents, ImageFile } from '../../plan/image-contents.js';

/** A package that an image holds. */
export interface InstalledPackage {
  readonly kind: 'debian' | 'alpine' | 'python' | 'node';
  readonly name: string;
  readonly version: string;
  readonly bytes: number;
  /** Of a Python package: the modules that it brings. */
  readonly modules: readonly string[];
  /** Of a Python package: the names of those that it needs, as `toProjectName` writes them. */
  readonly needs: readonly string[];
}

const KIB = 1024;
const MAX_DATABASE_BYTES = 8 * KIB * KIB;
const MAX_LIST_BYTES = 2 * KIB * KIB;
const MAX_SOURCE_BYTES = 256 * KIB;
const MAX_SECRET_BYTES = 16 * KIB;

const DATABASE = /^\/var\/lib\/dpkg\/status(?:\.d\/[^/]+)?$|^\/(?:usr\/)?lib\/apk\/db\/installed$/;
const PYTHON_LIST = /^(.*)\/([^/]+)-([^/-]+)\.dist-info\/RECORD$/;
const PYTHON_FOLDER = /\/(?:site|dist)-packages\//;
const SCRIPT =
  /^\/etc\/(?:services\.d|s6-overlay|cont-init\.d)\/|^\/(?:[\w.-]+\.sh|run|entrypoint)$/;
const SECRET =
  /(?:^|\/)(?:\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.env|id_\w+|[\w.-]+\.(?:pem|key))$/;

/** Code and scripts of the add-on itself. */
export function isOwnSource(path: string): boolean {
  if (PYTHON_FOLDER.test(path) || /^\/usr\/(?:local\/)?lib\/python|^\/usr\/share\//.test(path))
    return false;
  return path.endsWith('.py') || SCRIPT.test(path);
}

/** How much of a file the rules read. */
export function wantedBytes(path: string): number | undefined {
  if (DATABASE.test(path)) return MAX_DATABASE_BYTES;
  if (path.endsWith('.dist-info/RECORD')) return MAX_LIST_BYTES;
  if (path.endsWith('.dist-info/METADATA')) return MAX_SECRET_BYTES;
  if (isOwnSource(path)) return MAX_SOURCE_BYTES;
  // The certificates of the distribution are no secrets.
  if (
    SECRET.test(path) &&
    !/^\/(?:etc\/ssl|usr\/(?:share|lib)|etc\/ca-certificates)\//.test(path)
  ) {
    return MAX_SECRET_BYTES;
  }
  return undefined;
}

/** @see https://manpages.debian.org/deb-control.5 */
function readDebian(text: string): readonly InstalledPackage[] {
  return text.split(/\n\n+/).flatMap((block): readonly InstalledPackage[] => {
    const field = (name: string): string =>
      new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
    const name = field('Package');
    const status = field('Status');
    if (name === '' || (status !== '' && !status.endsWith(' installed'))) return [];
    const bytes = (Number(field('Installed-Size')) || 0) * KIB;
    return [{ kind: 'debian', name, version: field('Version'), bytes, modules: [], needs: [] }];
  });
}

/** @see https://wiki.alpinelinux.org/wiki/Apk_spec#Installed_Database_V2 */
function readAlpine(text: string): readonly InstalledPackage[] {
  return text.split(/\n\n+/).flatMap((block): readonly InstalledPackage[] => {
    const field = (key: string): string => new RegExp(`^${key}:(.*)$`, 'm').exec(block)?.[1] ?? '';
    const name = field('P');
    if (name === '' || name.startsWith('.')) return [];
    return [
      {
        kind: 'alpine',
        name,
        version: field('V'),
        bytes: Number(field('I')) || 0,
        modules: [],
        needs: [],
      },
    ];
  });
}

/** @see https://packaging.python.org/en/latest/specifications/recording-installed-packages/ */
function readPython(path: string, record: string, metadata: string): InstalledPackage | undefined {
  const match = PYTHON_LIST.exec(path);
  if (match === null) return undefined;
  const [, , name = '', version = ''] = match;
  const modules = new Set<string>();
  let bytes = 0;
  for (const line of record.split('\n')) {
    const parts = line.split(',');
    if (parts.length < 3) continue;
    bytes += Number(parts.at(-1)) || 0;
    const file = parts.slice(0, -2).join(',').replaceAll('"', '');
    if (file.startsWith('..') || file.includes('.dist-info/')) continue;
    const [top = ''] = file.split('/');
    const module = top
      .replace(/\.(?:py|pyc|so|[\w-]+\.so|abi3\.so)$/, '')
      .replace(/\.cpython-.*$/, '');
    if (/^[A-Za-z_]\w*$/.test(module)) modules.add(module);
  }
  return {
    kind: 'python',
    name,
    version,
    bytes,
    modules: [...modules],
    needs: readNeeds(metadata),
  };
}

/** One project has one name: `Foo_Bar` and `foo.bar` are `foo-bar`. */
export function toProjectName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

function readNeeds(metadata: string): readonly string[] {
  return [...metadata.matchAll(/^Requires-Dist: ([\w.-]+)/gm)].map(([, name = '']) =>
    toProjectName(name),
  );
}

/** `/app/node_modules/@scope/name/` */
const NODE_FOLDER = /^.*\/node_modules\/((?:@[^/]+\/)?[^/@.][^/]*)\//;

/** Each package with what is in its own folder, nested packages not counted. */
function readNode(files: readonly ImageFile[]): readonly InstalledPackage[] {
  const sizes = new Map<string, number>();
  for (const { path, bytes } of files) {
    const name = NODE_FOLDER.exec(path)?.[1];
    if (name !== undefined) sizes.set(name, (sizes.get(name) ?? 0) + bytes);
  }
  return [...sizes].map(([name, bytes]) => ({
    kind: 'node',
    name,
    version: '',
    bytes,
    modules: [],
    needs: [],
  }));
}

const known = new WeakMap<ImageContents, readonly InstalledPackage[]>();

/** Packages of dpkg, apk, pip and npm, the largest first. */
export function listInstalledPackages(contents: ImageContents): readonly InstalledPackage[] {
  const before = known.get(contents);
  if (before !== undefined) return before;
  const packages: InstalledPackage[] = [];
  for (const [path, text] of contents.texts) {
    if (path.startsWith('/var/lib/dpkg/')) packages.push(...readDebian(text));
    else if (path.endsWith('/lib/apk/db/installed')) packages.push(...readAlpine(text));
    else if (path.startsWith('/')) {
      const found = readPython(
        path,
        text,
        contents.texts.get(path.replace(/RECORD$/, 'METADATA')) ?? '',
      );
      if (found !== undefined) packages.push(found);
    }
  }
  packages.push(...readNode(contents.files));
  const sorted = packages.sort((a, b) => b.bytes - a.bytes);
  known.set(contents, sorted);
  return sorted;
}
