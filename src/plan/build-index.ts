import { AddonReleaseError } from '../errors.js';
import { splitInstructions } from './dockerfile.js';

/** A package manager that can be told where packages come from by a file of its own. */
interface Manager {
  /** Where it reads the file. */
  readonly file: string;
  /** Programs that use the file; a RUN that mentions one gets it. */
  readonly programs: RegExp;
  readonly render: (url: URL) => string;
}

function withoutLogin(url: URL): URL {
  const plain = new URL(url);
  plain.username = '';
  plain.password = '';
  return plain;
}

const MANAGERS = {
  // https://pip.pypa.io/en/stable/topics/configuration/
  pip: {
    file: '/etc/pip.conf',
    programs: /\b(?:pip3?|python3?|pipx|poetry|pdm)\b/,
    render: (url) => {
      // pip takes nothing from a server without TLS unless it is named.
      const trust = url.protocol === 'http:' ? `trusted-host = ${url.hostname}\n` : '';
      return `[global]\nindex-url = ${url.href}\n${trust}`;
    },
  },
  // https://docs.npmjs.com/cli/configuring-npm/npmrc
  npm: {
    file: '/root/.npmrc',
    programs: /\b(?:npm|npx|pnpm|yarn|corepack)\b/,
    render: (url) => {
      const plain = withoutLogin(url);
      const folder = plain.href.replace(/\/?$/, '/');
      const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
      const auth = Buffer.from(login).toString('base64');
      return [
        `registry=${folder}`,
        // Lock files in the image would name the index otherwise.
        'omit-lockfile-registry-resolved=true',
        ...(login === ':' ? [] : [`${folder.slice(plain.protocol.length)}:_auth=${auth}`]),
        '',
      ].join('\n');
    },
  },
  // https://manpages.debian.org/bookworm/apt/apt-transport-http.1.en.html
  apt: {
    file: '/etc/apt/apt.conf.d/00addon-release-index',
    programs: /\b(?:apt|apt-get|aptitude)\b/,
    render: (url) => `Acquire::http::Proxy "${url.href}";\n`,
  },
} as const satisfies Readonly<Record<string, Manager>>;

type ManagerName = keyof typeof MANAGERS;

/** Where a package manager takes packages from while an image is built. Nothing of it is left in the image. */
export interface BuildIndex {
  readonly manager: ManagerName;
  /** May have a login in it. */
  readonly url: string;
}

function isManager(text: string): text is ManagerName {
  return Object.hasOwn(MANAGERS, text);
}

function parseUrl(text: string): URL | undefined {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

/**
 * Reads `--build-index [pip=|npm=|apt=]URL`; without a name it is for all three. Instead of an address the name of an
 * environment variable that has it may be given, and must be for one with a login.
 *
 * @param onSecret told of an address with a login
 * @throws AddonReleaseError `usage`
 */
export function parseBuildIndexes(
  texts: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  onSecret: (url: string) => void,
): readonly BuildIndex[] {
  const indexes = new Map<ManagerName, BuildIndex>();
  for (const text of texts) {
    const [, named, value = ''] = /^(?:([a-z]+)=)?(.*)$/s.exec(text) ?? [];
    const refuse = (message: string, hint: string): never => {
      throw new AddonReleaseError('usage', message, { hint });
    };
    if (named !== undefined && !isManager(named)) {
      refuse(
        `--build-index "${named}=…": ${named} is not one of ${Object.keys(MANAGERS).join(', ')}`,
        'Write pip=URL, npm=URL or apt=URL, or a URL alone for all of them.',
      );
    }
    const given = parseUrl(value);
    if (given !== undefined && given.username + given.password !== '') {
      refuse(
        '--build-index has a login in it, which everybody on this machine can see',
        'Put the address into an environment variable, and give the name of that.',
      );
    }
    const variable = /^[A-Za-z_]\w*$/.test(value) ? (environment[value] ?? '') : '';
    const url = given ?? parseUrl(variable);
    if (url === undefined) {
      return refuse(
        `--build-index "${value}" is neither an address nor an environment variable with one`,
        'For example --build-index pip=http://192.168.1.5:3141/root/pypi/+simple/',
      );
    }
    if (url.username + url.password !== '') {
      onSecret(variable);
      onSecret(url.href);
      if (url.password !== '') onSecret(decodeURIComponent(url.password));
    }
    const managers = named === undefined ? Object.keys(MANAGERS) : [named];
    for (const manager of managers) {
      if (isManager(manager)) indexes.set(manager, { manager, url: url.href });
    }
  }
  return [...indexes.values()];
}

/** The name of the secret that holds the settings for a package manager. */
function secretName(manager: ManagerName): string {
  return `addon-release-index-${manager}`;
}

/** What a build is told of its indexes; undefined where there are none. */
export function describeIndexes(indexes: readonly BuildIndex[]):
  | {
      /** The settings of each package manager, by the name of the secret. */
      readonly values: ReadonlyMap<string, string>;
      readonly mount: (dockerfile: string) => string;
    }
  | undefined {
  if (indexes.length === 0) return undefined;
  const values = indexes.map(
    ({ manager, url }) => [secretName(manager), MANAGERS[manager].render(new URL(url))] as const,
  );
  return { values: new Map(values), mount: (dockerfile) => mountIndexes(dockerfile, indexes) };
}

/**
 * Mounts the settings into each RUN that mentions the package manager. A secret is in no layer, in no history and in no
 * cache key; line numbers stay as they are.
 *
 * @see https://docs.docker.com/reference/dockerfile/#run---mounttypesecret
 */
function mountIndexes(dockerfile: string, indexes: readonly BuildIndex[]): string {
  let result = '';
  let at = 0;
  for (const { keyword, start, end } of splitInstructions(dockerfile).instructions) {
    if (keyword !== 'RUN') continue;
    const text = dockerfile.slice(start, end);
    const mounts = indexes
      .map(({ manager }) => ({ manager, ...MANAGERS[manager] }))
      .filter(({ programs, file }) => programs.test(text) && !text.includes(file))
      .map(({ manager, file }) => {
        return ` --mount=type=secret,id=${secretName(manager)},target=${file},mode=0444`;
      });
    result += dockerfile.slice(at, start + keyword.length) + mounts.join('');
    at = start + keyword.length;
  }
  return result + dockerfile.slice(at);
}
