export type ManagerName =
  'apt' | 'apk' | 'pip' | 'uv' | 'poetry' | 'npm' | 'yarn' | 'pnpm' | 'cargo' | 'go';

/** What is known of a package manager's downloads and their cache. */
export interface PackageManager {
  readonly name: ManagerName;
  /** Where root's cache is; the first is the one to mount. */
  readonly caches: readonly [string, ...string[]];
  /** All of these are worth a mount; else the first of `caches` alone. */
  readonly mounts?: readonly string[];
  /** Environment variables that move the cache. */
  readonly variables: readonly string[];
  /**
   * Why builds for several architectures must not share the cache; undefined where they may: entries are named by
   * their content, or are the same for all.
   */
  readonly separate: string | undefined;
  /** Options that switch the cache off. */
  readonly offOptions: readonly string[];
  /** Variables that switch the cache off when set. */
  readonly offVariables: readonly string[];
}

const MANAGERS: readonly PackageManager[] = [
  {
    name: 'apt',
    caches: ['/var/cache/apt', '/var/lib/apt', '/var/lib/apt/lists', '/var/cache/apt/archives'],
    mounts: ['/var/cache/apt', '/var/lib/apt/lists'],
    variables: [],
    separate: 'apt keeps lists and locks of one architecture there',
    offOptions: [],
    offVariables: [],
  },
  {
    name: 'apk',
    caches: ['/etc/apk/cache', '/var/cache/apk'],
    variables: [],
    separate: "apk's file names do not say the architecture",
    offOptions: ['--no-cache'],
    offVariables: [],
  },
  {
    name: 'pip',
    caches: ['/root/.cache/pip'],
    variables: ['PIP_CACHE_DIR', 'XDG_CACHE_HOME'],
    separate: 'pip keeps the wheels there that it built for one architecture and C library',
    offOptions: ['--no-cache-dir'],
    offVariables: ['PIP_NO_CACHE_DIR'],
  },
  {
    name: 'uv',
    caches: ['/root/.cache/uv'],
    variables: ['UV_CACHE_DIR', 'XDG_CACHE_HOME'],
    separate: 'uv keeps the wheels there that it built for one architecture and C library',
    offOptions: ['--no-cache', '-n'],
    offVariables: ['UV_NO_CACHE'],
  },
  {
    name: 'poetry',
    caches: ['/root/.cache/pypoetry'],
    variables: ['POETRY_CACHE_DIR', 'XDG_CACHE_HOME'],
    separate: 'Poetry keeps the wheels there that it built for one architecture and C library',
    offOptions: ['--no-cache'],
    offVariables: [],
  },
  {
    name: 'npm',
    caches: ['/root/.npm'],
    variables: ['npm_config_cache', 'NPM_CONFIG_CACHE'],
    separate: undefined,
    offOptions: [],
    offVariables: [],
  },
  {
    name: 'yarn',
    caches: ['/usr/local/share/.cache/yarn', '/root/.cache/yarn', '/root/.yarn/berry/cache'],
    variables: ['YARN_CACHE_FOLDER'],
    separate: undefined,
    offOptions: [],
    offVariables: [],
  },
  {
    name: 'pnpm',
    caches: ['/root/.local/share/pnpm/store', '/pnpm/store', '/root/.pnpm-store'],
    variables: ['PNPM_HOME', 'npm_config_store_dir'],
    separate: undefined,
    offOptions: [],
    offVariables: [],
  },
  {
    name: 'cargo',
    caches: ['/usr/local/cargo/registry', '/root/.cargo/registry'],
    variables: ['CARGO_HOME'],
    separate: undefined,
    offOptions: [],
    offVariables: [],
  },
  {
    name: 'go',
    caches: ['/go/pkg/mod', '/root/go/pkg/mod', '/root/.cache/go-build'],
    mounts: ['/go/pkg/mod', '/root/.cache/go-build'],
    variables: ['GOMODCACHE', 'GOPATH', 'GOCACHE'],
    separate: undefined,
    offOptions: [],
    offVariables: [],
  },
];

const BY_NAME = new Map(MANAGERS.map((manager) => [manager.name, manager]));

export function getManager(name: ManagerName): PackageManager {
  const manager = BY_NAME.get(name);
  if (manager === undefined) throw new Error(`unknown package manager ${name}`);
  return manager;
}

/** Is a folder a place of this manager's cache, or one that holds it? */
export function isCacheOf(
  manager: PackageManager,
  target: string,
  variables: ReadonlyMap<string, string | undefined>,
): boolean {
  const path = target.replace(/(?<=.)\/+$/, '').replace(/^(?:~|\$\{?HOME\}?)(?=\/|$)/, '/root');
  const moved = manager.variables.flatMap((name) => variables.get(name) ?? []);
  const places = [...manager.caches, ...moved];
  if (places.some((place) => place === path || place.startsWith(`${path}/`))) return true;
  if (moved.some((place) => path.startsWith(`${place}/`))) return true;
  // A cache of another user, or at a place that a configuration file names.
  const [first] = manager.caches;
  const tail = first.replace(/^\/root/, '');
  return path.endsWith(tail) || new RegExp(`\\b${manager.name}\\b`).test(path);
}
