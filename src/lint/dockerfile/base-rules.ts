import type { Finding, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { BuildFile } from './build-file.js';
import { findStage, listSources } from './build-file.js';
import { dockerfileRule, findAt, listBuildFiles } from './rule-parts.js';

interface BaseUse {
  readonly text: string;
  readonly reference: string;
  readonly start: number;
}

/** What building the last stage takes from registries, each once. */
function listBases(file: BuildFile): readonly BaseUse[] {
  const uses = new Map<string, BaseUse>();
  for (const stage of file.stages) {
    if (!file.needed.has(stage.index)) continue;
    if (stage.parents.length === 0 && stage.base !== 'scratch' && stage.base !== '') {
      const { base: reference, baseText: text, baseStart: start } = stage;
      if (!uses.has(reference)) uses.set(reference, { text, reference, start });
    }
    for (const step of stage.steps) {
      for (const source of listSources(step)) {
        // A named context of the build looks like an image; those have no tag and no folder.
        const isImage = /[/:@]/.test(source) && !/^\$/.test(source);
        if (isImage && findStage(file, source) === undefined && !uses.has(source)) {
          uses.set(source, { text: source, reference: source, start: step.start });
        }
      }
    }
  }
  return [...uses.values()];
}

/** The tag, or undefined when there is neither tag nor digest; digests are returned as `@`. */
function readTag(reference: string): string | undefined {
  if (reference.includes('@sha256:')) return '@';
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = name.indexOf(':');
  return colon === -1 ? undefined : name.slice(colon + 1);
}

/** Published for add-ons; a tag of theirs moves with security updates of the same distribution. */
const ADDON_BASES = /^ghcr\.io\/(?:home-assistant|hassio-addons)\//;

function describeLatest(reference: string): string | undefined {
  const tag = readTag(reference);
  if (tag === undefined) return `${reference} has no tag, which means \`latest\``;
  return tag === 'latest'
    ? `${reference} is whatever is newest on the day of the build`
    : undefined;
}

const LATEST_HINT = 'Name a version, and let Renovate or Dependabot propose the next.';

const baseImageLatest: Rule<AddonSubject> = {
  id: 'base-image-latest',
  severity: 'warning',
  summary: 'A base image is `latest`',
  why:
    'Two builds of the same commit give different images, a new major version of the base breaks the add-on on some ' +
    'day, and nobody can say what an old release was built from.',
  remedy: 'Name a version of the base image.',
  fixable: false,
  *check(subject) {
    for (const file of listBuildFiles(subject)) {
      for (const { reference, text, start } of listBases(file)) {
        // Without a value in the file the build says it, and build.yaml is checked below.
        if (reference.includes('$')) continue;
        const message = describeLatest(reference);
        if (message === undefined) continue;
        const isDefault = text.includes('$');
        yield findAt(file, start, isDefault ? `the default of ${text}: ${message}` : message, {
          hint: LATEST_HINT,
        });
      }
    }
    yield* checkBuildConfig(subject);
  },
};

function* checkBuildConfig({ buildConfig, build }: AddonSubject): Generator<Finding> {
  if (buildConfig?.buildFrom === undefined || build === undefined) return;
  for (const [arch, reference] of buildConfig.buildFrom) {
    const message = describeLatest(reference);
    if (message === undefined) continue;
    const { path } = build;
    const position = buildConfig.buildFromPositions.get(arch);
    yield { file: path, ...position, message: `${arch}: ${message}`, hint: LATEST_HINT };
  }
}

const baseImageMoving = dockerfileRule(
  {
    id: 'base-image-moving',
    severity: 'note',
    summary: 'A base image has no digest',
    why:
      'A tag can be pointed at another image, so a later build of the same commit may differ. A digest names one image ' +
      'for ever.',
    remedy:
      'Write tag and digest, `name:1.2@sha256:…`, and let Renovate or Dependabot propose the next.',
    fixable: false,
  },
  function* (file) {
    for (const { reference, start } of listBases(file)) {
      const tag = readTag(reference);
      if (reference.includes('$') || tag === '@' || tag === undefined || tag === 'latest') continue;
      if (ADDON_BASES.test(reference)) continue;
      yield findAt(
        file,
        start,
        `${reference} is named without a digest, so it can change between two builds`,
      );
    }
  },
);

export const BASE_RULES: readonly Rule<AddonSubject>[] = [baseImageLatest, baseImageMoving];
