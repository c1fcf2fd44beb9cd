import { approveStep } from '../steps/approve.js';
import { attestImagesStep } from '../steps/attest-images.js';
import { buildAndTestStep } from '../steps/build-and-test.js';
import { checkSourcesStep } from '../steps/check-sources.js';
import { draftGithubReleaseStep } from '../steps/draft-github-release.js';
import { exportCandidatesStep } from '../steps/export-candidates.js';
import { findEngineStep } from '../steps/find-engine.js';
import { findMachinesStep } from '../steps/find-machines.js';
import { findPublishedStep } from '../steps/find-published.js';
import { makePlanStep } from '../steps/make-plan.js';
import { lockPruneStep, planPruneStep, pruneStep, type PruneRequest } from '../steps/prune.js';
import { markGithubReleaseStep } from '../steps/mark-github-release.js';
import { planPromoteStep, planRollbackStep, type RetagRequest } from '../steps/plan-retag.js';
import { preflightStep } from '../steps/preflight.js';
import { proveEmulationStep } from '../steps/prove-emulation.js';
import { publishGithubReleaseStep } from '../steps/publish-github-release.js';
import { pushImagesStep } from '../steps/push-images.js';
import { pushIndexStep } from '../steps/push-index.js';
import { readAddonStep } from '../steps/read-addon.js';
import { readSettingsStep } from '../steps/read-settings.js';
import { readSmokeFileStep } from '../steps/read-smoke-file.js';
import {
  lockRetagStep,
  moveRetagStep,
  proveRetagStep,
  restoreStoreStep,
} from '../steps/retag-release.js';
import { signImagesStep } from '../steps/sign-images.js';
import { takeLockStep } from '../steps/take-lock.js';
import { moveTagsStep, tagVersionStep } from '../steps/tag-release.js';
import { updateStoreStep } from '../steps/update-store.js';
import { verifyReleaseStep } from '../steps/verify-release.js';
import type { Step } from './step.js';

/** THE order. Commands run it up to some step; nothing else decides what comes when. */
const RELEASE: readonly Step[] = [
  readAddonStep, // config.yaml, build.yaml, Dockerfiles: every problem before anything is started
  readSettingsStep, // what may fail, who signs: the plan depends on it
  checkSourcesStep, // uncommitted files, a branch behind, a tag that is taken: before anything is started
  readSmokeFileStep, // options that are missing would be found out only after the build otherwise
  findEngineStep, // the plan depends on what runs natively
  findMachinesStep, // and on who else builds
  makePlanStep, // from here on the run only does what the plan says
  takeLockStep, // from here on nobody else on this machine writes to the same place
  findPublishedStep, // what is published is neither built nor written again
  preflightStep, // rights and bases, before hours are spent
  draftGithubReleaseStep, // a token that may not do it is found out before anything is built
  buildAndTestStep, // each architecture is tested as soon as it is built, and its layers are sent ahead
  approveStep, // one failed architecture ends the run here: nothing has been published
  attestImagesStep, // while the build cache still has every step, and before anything is pushed
  pushImagesStep, // by digest, nothing has a name yet
  pushIndexStep, // by digest too
  signImagesStep, // a name never leads to something unsigned
  tagVersionStep, // the version becomes visible, with everything behind it in place
  verifyReleaseStep, // read back from the registry and compared with what was tested
  moveTagsStep, // `latest` follows only a verified version
  updateStoreStep, // config.yaml: from then on installations are offered the version
  publishGithubReleaseStep, // last: everything that it names is there
];

function upTo(last: Step): readonly Step[] {
  return RELEASE.slice(0, RELEASE.indexOf(last) + 1);
}

/** What is done on this machine alone. */
const LOCAL = upTo(attestImagesStep).filter((step) => step !== draftGithubReleaseStep);

/** The steps of each command. */
export const PIPELINES = {
  plan: upTo(makePlanStep),
  build: [...LOCAL, exportCandidatesStep],
  test: [...LOCAL, exportCandidatesStep],
  dev: [...upTo(preflightStep), proveEmulationStep],
  release: RELEASE,
} as const;

/** The steps of a release behind one step, up to and with another. */
function between(before: Step, last: Step): readonly Step[] {
  return RELEASE.slice(RELEASE.indexOf(before) + 1, RELEASE.indexOf(last) + 1);
}

/**
 * The release in the parts that several add-ons go through side by side. `plan` of all comes before anything else of
 * any: an add-on that is announced moves the branch that the others' sources are compared with.
 */
export const RELEASE_PARTS = {
  plan: PIPELINES.plan,
  prepare: between(makePlanStep, draftGithubReleaseStep),
  /** One build for all of them. */
  build: between(draftGithubReleaseStep, approveStep),
  /** What a test ends with, and a release begins to publish with. */
  attest: between(approveStep, attestImagesStep),
  publish: between(attestImagesStep, moveTagsStep),
  /** One after the other: all of them push to the same branch. */
  announce: between(moveTagsStep, updateStoreStep),
  finish: between(updateStoreStep, publishGithubReleaseStep),
} as const;

/** What `dev` does again when files have changed; engine, base images and emulation stay as they were found. */
export const REREAD: readonly Step[] = [
  readAddonStep,
  readSettingsStep,
  checkSourcesStep,
  readSmokeFileStep,
  makePlanStep,
];

/** Leads tags and store to a version that is published: back to an old one, or up to another channel. */
export function retagSteps(
  command: 'rollback' | 'promote',
  request: RetagRequest,
): { readonly preview: readonly Step[]; readonly all: readonly Step[] } {
  const plan = command === 'rollback' ? planRollbackStep(request) : planPromoteStep(request);
  const preview = [
    readAddonStep, // which images, and what the store offers now
    readSettingsStep, // whether users have a login
    plan, // from here on the run only does what the plan says
    proveRetagStep, // nothing is led to something that can't be installed
  ];
  const all = [
    ...preview.slice(0, -1),
    lockRetagStep, // no release may move the same tags meanwhile
    proveRetagStep,
    moveRetagStep, // manifests that the registry has; no layer
    restoreStoreStep, // after what it offers, as in a release
    markGithubReleaseStep, // last: it only tells of what is done
  ];
  return { preview, all };
}

/** Takes away what nobody needs any more. */
export function pruneSteps(request: PruneRequest): {
  readonly preview: readonly Step[];
  readonly all: readonly Step[];
} {
  const preview = [
    readAddonStep, // which repositories
    readSettingsStep, // which stores offer something of them
    planPruneStep(request), // every manifest, and why it is kept or not
  ];
  const all = [
    readAddonStep,
    readSettingsStep,
    lockPruneStep, // nothing may be tagged between looking and deleting
    planPruneStep(request),
    pruneStep,
  ];
  return { preview, all };
}
