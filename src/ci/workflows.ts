import { pinAction } from './pinned-actions.js';
import {
  AMD64,
  cosignSteps,
  indent,
  loginSteps,
  NATIVE,
  publishingAction,
  publishingRights,
  publishingSteps,
  quote,
  setupSteps,
  type WorkflowFacts,
} from './workflow-steps.js';

export interface WorkflowFile {
  /** Relative to the repository's root. */
  readonly path: string;
  readonly content: string;
}

const RUNNER = 'ubuntu-24.04';
const HEAD = '# Made by `addon-release ci init`; yours to change.';

/** Some characters have a meaning in GitHub's patterns for tags. */
function escapePattern(text: string): string {
  return text.replace(/[\\*?+[\]!]/g, '\\$&');
}

/** Patterns that match the tags of releases, and as few others as possible. */
function tagPatterns({ addons, tagForm }: WorkflowFacts): readonly string[] {
  const [first, ...others] = addons;
  const isOnly = others.length === 0;
  const slug = isOnly ? escapePattern(first?.slug ?? '') : '*';
  const forms =
    tagForm === undefined
      ? [
          ...(isOnly ? ['v{version}', '{version}'] : []),
          ...['{slug}-{version}', '{slug}-v{version}', '{slug}/{version}', '{slug}/v{version}'],
        ]
      : [tagForm];
  return forms.map((form) =>
    form
      .split('{slug}')
      .map((part) => part.split('{version}').map(escapePattern).join('[0-9]*'))
      .join(slug),
  );
}

/** An input for the add-on, where there are several. */
function addonInput({ addons }: WorkflowFacts): readonly string[] {
  if (addons.length === 1) return [];
  return [
    'addon:',
    '  description: Add-on to release',
    '  required: true',
    '  type: choice',
    '  options:',
    ...addons.map(({ slug }) => `    - ${quote(slug)}`),
  ];
}

function renderReleaseHead(facts: WorkflowFacts): string {
  const addon = facts.addons.length === 1 ? '' : '${{ inputs.addon }}-';
  return `${HEAD}
# Releases the version that a tag, a published GitHub Release or a person names.
name: Release

on:
  push:
    tags:
${indent(
  tagPatterns(facts).map((pattern) => `- ${JSON.stringify(pattern)}`),
  6,
)}
  release:
    types: [published]
  workflow_dispatch:
    inputs:
      version:
        description: Version to release, for example 1.2.3
        required: true
        type: string
${addonInput(facts).length === 0 ? '' : `${indent(addonInput(facts), 6)}\n`}
permissions: {}

# A run that publishes is never cancelled; a second one for the same version waits and finds it published.
concurrency:
  group: release-${addon}\${{ inputs.version || github.ref_name }}
  cancel-in-progress: false

jobs:
`;
}

/** All architectures on one machine, by emulation. */
function renderSingleJob(facts: WorkflowFacts): string {
  return `  release:
    runs-on: ${RUNNER}
    timeout-minutes: 350
    permissions:
${indent(publishingRights(facts), 6)}
    env:
      ADDON_RELEASE_BUILD_CACHE: registry # finished steps, kept beside the images for the next release
    steps:
      - uses: ${pinAction('actions/checkout')}
        with:
          fetch-depth: 0 # the tag's commit must be found on the branch
${indent([...setupSteps(facts, AMD64), ...publishingSteps(facts), ...publishingAction(facts)], 6)}
        with:
          command: release
`;
}

/** Each architecture on a machine that runs it, and one job that publishes what the others have tested. */
function renderMatrixJobs(facts: WorkflowFacts): string {
  return `  plan:
    runs-on: ${RUNNER}
    timeout-minutes: 15
    permissions:
      contents: read
    outputs:
      version: \${{ steps.plan.outputs.version }}
      addon: \${{ steps.plan.outputs.addon }}
      matrix: \${{ steps.plan.outputs.matrix }}
    steps:
      - uses: ${pinAction('actions/checkout')}
        with:
          fetch-depth: 0 # every job must find the same sources: release commits are told by what came before them
          persist-credentials: false
      - uses: ${facts.action}
        id: plan
        with:
          command: ci plan
          token: ''

  test:
    needs: plan
    strategy:
      fail-fast: false
      matrix: \${{ fromJSON(needs.plan.outputs.matrix) }}
    name: Test \${{ matrix.arch }}
    runs-on: \${{ matrix.runner }}
    continue-on-error: \${{ matrix.optional }}
    timeout-minutes: 350
    permissions:
      contents: read
    steps:
      - uses: ${pinAction('actions/checkout')}
        with:
          fetch-depth: 0
          persist-credentials: false
${indent([...setupSteps(facts, NATIVE), ...cosignSteps(facts.signedBases)], 6)}
      - uses: ${facts.action}
        with:
          command: test
          version: \${{ needs.plan.outputs.version }}
          addon: \${{ needs.plan.outputs.addon }}
          arguments: |
            --arch
            \${{ matrix.arch }}
            --out
            \${{ runner.temp }}/images
          token: ''
      - uses: ${pinAction('actions/upload-artifact')}
        with:
          name: images-\${{ matrix.arch }}
          path: \${{ runner.temp }}/images
          compression-level: 0
          retention-days: 1

  release:
    needs: [plan, test]
    runs-on: ${RUNNER}
    timeout-minutes: 60
    permissions:
${indent(publishingRights(facts), 6)}
    steps:
      - uses: ${pinAction('actions/checkout')}
        with:
          fetch-depth: 0 # the tag's commit must be found on the branch
      - uses: ${pinAction('actions/download-artifact')}
        with:
          pattern: images-*
          path: \${{ runner.temp }}/images
          merge-multiple: true
${indent([...publishingSteps(facts), ...publishingAction(facts)], 6)}
        with:
          command: publish
          version: \${{ needs.plan.outputs.version }}
          addon: \${{ needs.plan.outputs.addon }}
          arguments: |
            --from
            \${{ runner.temp }}/images
`;
}

function renderRelease(facts: WorkflowFacts): string {
  return (
    renderReleaseHead(facts) + (facts.matrix ? renderMatrixJobs(facts) : renderSingleJob(facts))
  );
}

function renderTest(facts: WorkflowFacts): string {
  const [first, ...others] = facts.addons;
  const isOnly = others.length === 0;
  const history = '          fetch-depth: 0 # what changed is known by history and tags\n';
  const what = isOnly
    ? ['command: test', `addon: ${quote(first?.folder ?? '.')}`]
    : ['command: test --all --changed'];
  return `${HEAD}
# Builds and smoke-tests what a pull request proposes. Nothing is pushed, and no secret is there to be stolen: forks too.
name: Test

on:
  pull_request:
  workflow_dispatch:

permissions: {}

concurrency:
  group: test-\${{ github.ref }}
  cancel-in-progress: true

jobs:
  test:
    runs-on: ${RUNNER}
    timeout-minutes: 350
    permissions:
      contents: read
    steps:
      - uses: ${pinAction('actions/checkout')}
        with:
          persist-credentials: false
${isOnly ? '' : history}${indent([...setupSteps(facts, AMD64), ...cosignSteps(facts.signedBases)], 6)}
      - uses: ${facts.action}
        with:
${indent(what, 10)}
          token: ''
`;
}

function renderVerify(facts: WorkflowFacts): string {
  const { privateImages, action, signing } = facts;
  const logins = privateImages ? loginSteps(facts) : [];
  const rights = ['contents: read', ...(privateImages ? ['packages: read # the images'] : [])];
  return `${HEAD}
# Looks every night, from outside, whether what the store offers can be installed.
name: Verify

on:
  schedule:
    - cron: "23 4 * * *"
  workflow_dispatch:

permissions: {}

jobs:
  verify:
    runs-on: ${RUNNER}
    timeout-minutes: 30
    permissions:
${indent(rights, 6)}
    steps:
      - uses: ${pinAction('actions/checkout')}
        with:
          persist-credentials: false
${indent([...cosignSteps(signing !== undefined), ...logins, `- uses: ${action}`], 6)}
        with:
          command: verify
          token: ''
`;
}

/** All add-ons that changed since their last releases, in one job: what they have in common is built once. */
function renderReleaseChanged(facts: WorkflowFacts): string {
  return `${HEAD}
# Releases every add-on that changed since its last release. Its new version is the one in its config, or is counted up.
name: Release what changed

on:
  workflow_dispatch:
    inputs:
      bump:
        description: New versions for add-ons that changed and have none yet
        required: true
        type: choice
        options:
          - none
          - patch
          - minor
          - major

permissions: {}

# A run that publishes is never cancelled; a second one waits and finds what is left.
concurrency:
  group: release-changed
  cancel-in-progress: false

jobs:
  release:
    runs-on: ${RUNNER}
    timeout-minutes: 350
    permissions:
${indent(publishingRights(facts, 'the release commits, their tags and the GitHub Releases'), 6)}
    env:
      ADDON_RELEASE_BUILD_CACHE: registry # finished steps, kept beside the images for the next release
    steps:
      - uses: ${pinAction('actions/checkout')}
        with:
          fetch-depth: 0 # what changed is known by history and tags
${indent([...setupSteps(facts, AMD64), ...publishingSteps(facts), ...publishingAction(facts)], 6)}
        with:
          command: --all --changed
          arguments: |
            \${{ inputs.bump != 'none' && '--bump' || '' }}
            \${{ inputs.bump != 'none' && inputs.bump || '' }}
`;
}

const FOLDER = '.github/workflows';

const RENDERERS: Readonly<Record<string, (facts: WorkflowFacts) => string>> = {
  [`${FOLDER}/release.yaml`]: renderRelease,
  [`${FOLDER}/test.yaml`]: renderTest,
  [`${FOLDER}/verify.yaml`]: renderVerify,
};
const RENDERERS_OF_SEVERAL: typeof RENDERERS = {
  ...RENDERERS,
  [`${FOLDER}/release-changed.yaml`]: renderReleaseChanged,
};

function chooseRenderers(addons: number): typeof RENDERERS {
  return addons === 1 ? RENDERERS : RENDERERS_OF_SEVERAL;
}

/** The files that a repository gets, by the number of its add-ons. */
export function listWorkflowPaths(addons: number): readonly string[] {
  return Object.keys(chooseRenderers(addons));
}

/** The workflows of a repository for GitHub Actions. */
export function renderWorkflows(facts: WorkflowFacts): readonly WorkflowFile[] {
  const renderers = Object.entries(chooseRenderers(facts.addons.length));
  return renderers.map(([path, render]) => ({ path, content: render(facts) }));
}
