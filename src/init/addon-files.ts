import type { Arch } from '../addon/arch.js';
import { makePng } from './png.js';

/** What a new add-on is called and made of. */
export interface NewAddon {
  readonly name: string;
  readonly slug: string;
  readonly description: string;
  /** Where its images are published, without a tag. */
  readonly image: string;
  readonly url: string | undefined;
  readonly arches: readonly Arch[];
  /** A base image with s6-overlay, bash and jq. */
  readonly base: string;
}

export interface InitialFile {
  /** From the folder of the add-on, with `/`. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

export const FIRST_VERSION = '0.1.0';

/** YAML reads a JSON string as that text. */
function quote(text: string): string {
  return JSON.stringify(text);
}

function renderConfig({ name, slug, description, image, url, arches }: NewAddon): string {
  return [
    '# https://developers.home-assistant.io/docs/apps/configuration',
    `name: ${quote(name)}`,
    `slug: ${slug}`,
    `description: ${quote(description)}`,
    `version: "${FIRST_VERSION}"`,
    ...(url === undefined ? [] : [`url: ${quote(url)}`]),
    `image: ${image}`,
    'arch:',
    ...arches.map((arch) => `  - ${arch}`),
    '',
    "# The base image's s6-overlay is the init system.",
    'init: false',
    '',
    'options:',
    '  greeting: Hello',
    'schema:',
    '  greeting: str(1,80)',
    '',
  ].join('\n');
}

function renderDockerfile({ base }: NewAddon): string {
  return `FROM ${base}

COPY --chmod=755 rootfs /

# Ask your program here whether it does its work: the Supervisor takes the add-on for started when this turns healthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["test", "-e", "/tmp/ready"]
`;
}

const RUN = `#!/usr/bin/with-contenv bash
# Runs as long as the add-on does, and is started again when it ends.
jq --raw-output .greeting /data/options.json
touch /tmp/ready
exec s6-setuidgid nobody sleep infinity
`;

/** Everything that a new add-on needs to lint clean, to run and to be released. */
export function renderAddon(addon: NewAddon): readonly InitialFile[] {
  const { name, slug, description } = addon;
  return [
    { path: 'config.yaml', content: renderConfig(addon) },
    { path: 'Dockerfile', content: renderDockerfile(addon) },
    { path: '.dockerignore', content: '*\n!rootfs\n' },
    { path: `rootfs/etc/services.d/${slug}/run`, content: RUN },
    {
      path: 'translations/en.yaml',
      content:
        'configuration:\n  greeting:\n    name: Greeting\n    description: What the log begins with.\n',
    },
    { path: 'CHANGELOG.md', content: renderChangelog(FIRST_VERSION) },
    { path: 'README.md', content: `# ${name}\n\n${description}\n` },
    {
      path: 'DOCS.md',
      content: `# ${name}\n\nThe option \`greeting\` is what the log begins with.\n`,
    },
    { path: 'icon.png', content: makePng(128, 128, [3, 169, 244]) },
    { path: 'logo.png', content: makePng(250, 100, [3, 169, 244]) },
  ];
}

export function renderChangelog(version: string): string {
  return `# Changelog\n\n## ${version}\n\n- First version\n`;
}

/** `repository.yaml`, by which users add the repository. */
export function renderRepository(name: string, url: string | undefined): string {
  return `name: ${quote(name)}\n${url === undefined ? '' : `url: ${quote(url)}\n`}`;
}
