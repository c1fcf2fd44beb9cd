import { platformOf, type Arch } from '../addon/arch.js';
import { pinAction } from './pinned-actions.js';

/** What signing asks of the job that publishes. */
export interface WorkflowSigning {
  /** By the identity of the job, for at least one add-on. */
  readonly keyless: boolean;
  /** Variables that hold what keys need, and the secrets of the same names: COSIGN_PASSWORD. */
  readonly secrets: readonly string[];
}

/** What stores ask of the job that publishes. */
export interface WorkflowStores {
  /** One is in another repository, for which the job's own token is not. */
  readonly elsewhere: boolean;
  /** One is in this repository, and changed by pull requests. */
  readonly pullRequestsHere: boolean;
}

/** What a repository's workflows depend on. */
export interface WorkflowFacts {
  /** At least one. Folders are relative to the repository's root, with `/`; "." for the root itself. */
  readonly addons: readonly { readonly slug: string; readonly folder: string }[];
  /** Those of all add-ons. */
  readonly arches: readonly Arch[];
  /** Hosts that images are pushed to: "ghcr.io", "docker.io". */
  readonly registries: readonly string[];
  /** Users need a login to pull from them; so does whoever looks whether that can be done. */
  readonly privateImages: boolean;
  /** Stores that a release writes to beside the config of the sources. */
  readonly stores: WorkflowStores;
  /** `tag` of addon-release.yaml. */
  readonly tagForm: string | undefined;
  /** What stands behind `uses:` for addon-release's own action. */
  readonly action: string;
  /** Undefined = releases are not signed. */
  readonly signing: WorkflowSigning | undefined;
  /** Base images must be signed, which builds look at. */
  readonly signedBases: boolean;
  /** Each architecture on a machine of its own instead of all on one. */
  readonly matrix: boolean;
}

/** What GitHub's usual machines run themselves, and what all of its machines do together. */
export const AMD64 = ['amd64', '386'];
export const NATIVE = [...AMD64, 'arm64'];

/** The secret, and the variable, that has the token for stores in other repositories. */
export const STORE_TOKEN = 'ADDON_RELEASE_STORE_TOKEN';

/** Lines at their place in a workflow. */
export function indent(lines: readonly string[], spaces: number): string {
  return lines.map((line) => (line === '' ? '' : ' '.repeat(spaces) + line)).join('\n');
}

/** YAML takes JSON's strings; plain ones where they can't be mistaken for anything else. */
export function quote(text: string): string {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(text) &&
    !/^(?:true|false|yes|no|on|off|null|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

/** What the runner must have for builds: emulation for what it can't run itself, and buildx. */
export function setupSteps(
  { arches }: WorkflowFacts,
  native: readonly string[],
): readonly string[] {
  const emulated = [...new Set(arches.map((arch) => platformOf(arch).split('/')[1] ?? ''))].filter(
    (architecture) => !native.includes(architecture),
  );
  return [
    ...(emulated.length === 0
      ? []
      : [
          `- uses: ${pinAction('docker/setup-qemu-action')}`,
          '  with:',
          `    platforms: ${emulated.join(',')}`,
        ]),
    `- uses: ${pinAction('docker/setup-buildx-action')}`,
  ];
}

/** GitHub's own registry takes the job's token. */
export const GHCR = 'ghcr.io';

/**
 * For what reads Docker's logins: buildx, whose build cache is in the registry, and cosign, whose signatures are.
 */
export function loginSteps({ registries }: WorkflowFacts): readonly string[] {
  return registries.flatMap((registry) => {
    const [username, password] =
      registry === GHCR
        ? ['github.actor', 'github.token']
        : ['secrets.REGISTRY_USERNAME', 'secrets.REGISTRY_PASSWORD'];
    return [
      `- uses: ${pinAction('docker/login-action')}`,
      '  with:',
      ...(registry === 'docker.io' ? [] : [`    registry: ${quote(registry)}`]),
      `    username: \${{ ${username} }}`,
      `    password: \${{ ${password} }}`,
    ];
  });
}

/** For jobs that sign, and for those that look at signatures. */
export function cosignSteps(isNeeded: boolean): readonly string[] {
  return isNeeded ? [`- uses: ${pinAction('sigstore/cosign-installer')}`] : [];
}

/** What the runner must have to publish. */
export function publishingSteps(facts: WorkflowFacts): readonly string[] {
  const { signing, signedBases } = facts;
  return [...cosignSteps(signing !== undefined || signedBases), ...loginSteps(facts)];
}

/** What a job may that publishes. */
export function publishingRights(
  { signing, stores }: WorkflowFacts,
  commits = 'the release commit, its tag and the GitHub Release',
): readonly string[] {
  return [
    `contents: write # ${commits}`,
    'packages: write # the images',
    ...(stores.pullRequestsHere
      ? ['pull-requests: write # the pull request that offers the version to the store']
      : []),
    ...(signing?.keyless === true ? ['id-token: write # the identity that signs the images'] : []),
  ];
}

/** addon-release itself, with the secrets that it alone gets. */
export function publishingAction({ action, signing, stores }: WorkflowFacts): readonly string[] {
  const secrets = [...(stores.elsewhere ? [STORE_TOKEN] : []), ...(signing?.secrets ?? [])];
  return [
    `- uses: ${action}`,
    ...(secrets.length === 0 ? [] : ['  env:']),
    ...secrets.map((name) => `    ${name}: \${{ secrets.${name} }}`),
  ];
}
