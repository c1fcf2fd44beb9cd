import { join } from 'node:path';
import { ARCHES, describeArch, isArch, platformOf, type Arch } from '../../addon/arch.js';
import { isList, toPythonText } from '../../addon/python-text.js';
import { PyDict } from '../../addon/python-value.js';
import { listBaseImages, parseDockerfile, type Dockerfile } from '../../plan/dockerfile.js';
import { listPairs, readBuildFile } from '../dockerfile/build-file.js';
import type { Instruction } from '../dockerfile/instruction.js';
import type { Finding, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { TextFile } from '../text-file.js';
import { mappingOf, nameIn, parsed, placeOf, removeEntry } from './edit-data.js';

const noArch: Rule<AddonSubject> = {
  id: 'no-architecture',
  severity: 'error',
  summary: 'No current system can install the add-on',
  why: 'An empty list of architectures passes the validation, and so does one of 32-bit architectures only: the add-on is in the store and nobody can install it.',
  remedy: 'List `aarch64` and `amd64` in `arch`.',
  fixable: false,
  *check({ config, arches }) {
    const file = parsed(config);
    const value = mappingOf(config)?.get('arch');
    if (file === undefined || value === undefined || !isList(value)) return;
    const place = placeOf(file, ['arch']);
    if (value.length === 0)
      yield { ...place, message: '"arch" is empty: nobody can install the add-on' };
    else if (arches.length > 0 && arches.every((arch) => describeArch(arch).deprecated)) {
      const message = `"arch" has ${arches.join(', ')} only, which no current system can install`;
      yield { ...place, message };
    }
  },
};

const repeatedArch: Rule<AddonSubject> = {
  id: 'repeated-architecture',
  severity: 'warning',
  summary: 'An architecture is listed twice',
  why: 'It does no harm, and it is often another architecture that was meant.',
  remedy: 'Remove one of them.',
  fixable: true,
  *check({ config }) {
    const file = parsed(config);
    const value = mappingOf(config)?.get('arch');
    if (file === undefined || value === undefined || !isList(value)) return;
    for (const [index, arch] of value.entries()) {
      if (value.indexOf(arch) === index || typeof arch !== 'string') continue;
      const edit = removeEntry(file, ['arch', index]);
      const fix = edit && { title: 'remove it', edits: [edit] };
      yield { ...placeOf(file, ['arch', index]), message: `"arch" repeats ${arch}`, fix };
    }
  },
};

const buildFileArch: Rule<AddonSubject> = {
  id: 'build-file-architectures',
  severity: 'error',
  summary: 'arch and the base images of the build file differ',
  why: 'For an architecture that `build_from` does not name, builders fall back to a base image of their own choice, or fail. An architecture that only the build file names is never built.',
  remedy: 'Give `build_from` one image for each architecture of `arch`.',
  fixable: false,
  *check({ folder, build, buildConfig, arches }) {
    const file = parsed(build);
    const bases = mappingOf(build)?.get('build_from');
    if (file === undefined || buildConfig === undefined || !(bases instanceof PyDict)) return;
    if (arches.length === 0 || bases.size === 0) return;
    const missing = arches.filter((arch) => !bases.has(arch));
    if (missing.length > 0) {
      const message = `"build_from" has no base image for ${missing.join(', ')}, which "arch" lists`;
      yield { ...placeOf(file, ['build_from']), message, hint: 'add a line for each' };
    }
    // The file at the root of a repository serves add-ons with other architectures too.
    if (!file.path.startsWith(`${folder}/`)) return;
    for (const key of bases.keys()) {
      const arch = toPythonText(key);
      if (!isArch(arch) || arches.includes(arch)) continue;
      const message = `"build_from" has a base image for ${arch}, which "arch" does not list`;
      yield { ...placeOf(file, ['build_from', key]), message, severity: 'warning' };
    }
  },
};

const baseImagePlaceholder: Rule<AddonSubject> = {
  id: 'base-image-placeholder',
  severity: 'error',
  summary: 'A base image of the build file has a placeholder',
  why: 'The validation takes braces in `build_from`, but nothing replaces them: the image cannot be pulled.',
  remedy: 'Write one full image name per architecture.',
  fixable: false,
  *check({ build, buildConfig, arches }) {
    const file = parsed(build);
    const bases = mappingOf(build)?.get('build_from');
    if (file === undefined || buildConfig === undefined || bases === undefined) return;
    const images = bases instanceof PyDict ? [...bases.entries()] : [[undefined, bases] as const];
    for (const [key, image] of images) {
      if (typeof image !== 'string' || !/[{}]/.test(image)) continue;
      const at = key === undefined ? ['build_from'] : ['build_from', key];
      const message = nameIn(at, `has braces, which nothing replaces: ${JSON.stringify(image)}`);
      const own = key === undefined ? arches[0] : toPythonText(key);
      const hint = own === undefined ? undefined : `write ${image.replaceAll('{arch}', own)}`;
      yield { ...placeOf(file, at), message, hint };
    }
  },
};

const missingDockerfile: Rule<AddonSubject> = {
  id: 'missing-dockerfile',
  severity: 'error',
  summary: 'There is no Dockerfile for an architecture',
  why: 'An add-on without `image` is built on the machine of every user, from `Dockerfile.ARCH` or `Dockerfile` in its folder. With `image` the file is needed to build the image; a store that only lists images built elsewhere has none.',
  remedy: 'Add a `Dockerfile`, or name the image in `image`.',
  fixable: false,
  *check({ folder, config, fields, arches, dockerfiles }) {
    const missing = arches.filter((arch) => !dockerfiles.has(arch));
    if (missing.length === 0 || mappingOf(config) === undefined) return;
    const isPulled = fields?.image !== undefined;
    const message = `is missing or cannot be read, and so is Dockerfile.ARCH: nothing to build for ${missing.join(', ')}`;
    const file = join(folder, 'Dockerfile');
    yield { file, message, severity: isPulled ? 'note' : undefined };
  },
};

interface BuildOfArch {
  readonly arch: Arch;
  readonly file: TextFile;
  readonly dockerfile: Dockerfile;
}

/** Several rules look at the same file. */
const PARSED = new WeakMap<TextFile, Dockerfile>();

function* buildsOf({ dockerfiles }: AddonSubject): Generator<BuildOfArch> {
  for (const [arch, file] of dockerfiles) {
    const dockerfile = PARSED.get(file) ?? parseDockerfile(file.text, file);
    PARSED.set(file, dockerfile);
    yield { arch, file, dockerfile };
  }
}

/** The arguments that every builder gives, and the base image of the build file. */
function argsOf(
  { fields, buildConfig }: AddonSubject,
  arch: Arch,
): Readonly<Record<string, string>> {
  const base = buildConfig?.buildFrom?.get(arch);
  return {
    BUILD_ARCH: arch,
    BUILD_VERSION: fields?.version ?? '',
    ...Object.fromEntries(buildConfig?.args ?? []),
    ...(base === undefined ? {} : { BUILD_FROM: base }),
  };
}

function basesOf(addon: AddonSubject, { arch, dockerfile }: BuildOfArch) {
  const target = platformOf(arch);
  return listBaseImages(dockerfile, argsOf(addon, arch), { build: 'linux/amd64', target });
}

const unresolvedBase: Rule<AddonSubject> = {
  id: 'base-image-unresolved',
  severity: 'error',
  summary: 'A base image depends on an argument without a value',
  why: 'Since Supervisor 2026.04.0 an add-on without a build file gets no `BUILD_FROM`: `FROM $BUILD_FROM` then fails on the machine of every user, and with every other builder.',
  remedy: 'Give the `ARG` before the first `FROM` a default, or write the image into `FROM`.',
  fixable: false,
  *check(addon) {
    const told = new Set<string>();
    // What a broken build file says is not known.
    if (addon.build !== undefined && addon.buildConfig === undefined) return;
    for (const build of buildsOf(addon)) {
      for (const { text, argument, line, column } of basesOf(addon, build).unresolved) {
        const key = `${build.file.path} ${line} ${argument}`;
        if (told.has(key)) continue;
        told.add(key);
        const inStage = findArgInStage(build.file, argument, line);
        const message =
          inStage === undefined
            ? `the image ${text} has no value: ARG ${argument} has no default`
            : `the image ${text} has no value: ARG ${argument} in line ${inStage} belongs to the stage above`;
        const hint = inStage === undefined ? undefined : 'Move the ARG above the first FROM.';
        yield { file: build.file.path, line, column, message, hint };
      }
    }
  },
};

/** The line of an ARG with a default that a FROM below does not see, as it is part of a stage. */
function findArgInStage(file: TextFile, name: string, before: number): number | undefined {
  const { globals, stages } = readBuildFile(file);
  const declares = (instruction: Instruction) =>
    instruction.keyword === 'ARG' &&
    listPairs(instruction).some((pair) => pair.name === name && pair.value !== undefined);
  if (globals.some(declares)) return undefined;
  return stages
    .flatMap(({ steps }) => steps.filter(declares))
    .map(({ start }) => file.positionAt(start).line)
    .findLast((line) => line < before);
}

const ARCH_IN_NAME = new RegExp(`(?:^|[/_-])(${ARCHES.join('|')})(?=$|[/:_-])`);

const baseImageArch: Rule<AddonSubject> = {
  id: 'base-image-architecture',
  severity: 'error',
  summary: 'A base image is made for another architecture',
  why: 'An image name such as `amd64-base` names its architecture. Taken for another one, the build gives an image with the wrong programs in it, which ends with "exec format error" on the machine of the user.',
  remedy:
    'Use the base image of the same architecture, or a multi-architecture one such as `ghcr.io/home-assistant/base`.',
  fixable: false,
  *check(addon) {
    for (const build of buildsOf(addon)) {
      for (const image of basesOf(addon, build).images) {
        const named = ARCH_IN_NAME.exec(image.reference)?.[1];
        if (image.platform !== 'target' || named === undefined || named === build.arch) continue;
        yield locateBase(
          addon,
          build,
          image,
          `the base image of ${build.arch}, ${image.reference}, is one for ${named}`,
        );
      }
    }
  },
};

/** Where a base image is named: in the build file if it comes from there. */
function locateBase(
  { build, buildConfig }: AddonSubject,
  { arch, file }: BuildOfArch,
  image: { readonly reference: string; readonly line: number; readonly column: number },
  message: string,
): Finding {
  const position = buildConfig?.buildFromPositions.get(arch);
  if (
    build !== undefined &&
    position !== undefined &&
    buildConfig?.buildFrom?.get(arch) === image.reference
  ) {
    return { file: build.path, ...position, message };
  }
  return { file: file.path, line: image.line, column: image.column, message };
}

/** https://github.com/home-assistant/docker-base and https://github.com/hassio-addons: images with s6-overlay. */
const S6_BASE =
  /^ghcr\.io\/(?:home-assistant|hassio-addons)\/(?:(?:aarch64|amd64|armhf|armv7|i386)-)?(?:base|addon-base|debian-base)(?:[-:/]|$)/;

const initWithS6: Rule<AddonSubject> = {
  id: 'init-with-s6',
  severity: 'error',
  summary: "The base image's init system is started below another one",
  why: 'The base images of Home Assistant start with s6-overlay, which has to be process 1. `init` is true unless the config says otherwise: Docker then puts its own init first, and s6-overlay ends with "can only run as pid 1". A Dockerfile with an `ENTRYPOINT` of its own does not start it.',
  remedy: 'Write `init: false`.',
  fixable: true,
  *check(addon) {
    const file = parsed(addon.config);
    if (file === undefined || addon.fields?.init !== true) return;
    for (const build of buildsOf(addon)) {
      const base = basesOf(addon, build).images.find(({ reference }) => S6_BASE.test(reference));
      const last = build.dockerfile.stages.at(-1);
      if (base === undefined || base.line !== last?.from.line) continue;
      // With an entry point of its own the image starts without s6-overlay.
      const stage = build.file.text.slice(build.file.lineStart(base.line));
      if (/^[ \t]*ENTRYPOINT\b/im.test(stage)) continue;
      const has = mappingOf(addon.config)?.has('init') === true;
      const message = `the base image ${base.reference} has its own init system: "init" must be false`;
      const range = file.state.document.rangeOf(['init']);
      const edit = range && { file: file.path, ...range, text: 'false' };
      const added =
        has || file.path.endsWith('.json') ? undefined : appendLine(file.text, 'init: false');
      const fixed = edit ?? added;
      yield {
        ...placeOf(file, has ? ['init'] : []),
        message,
        fix: fixed && { title: 'write init: false', edits: [fixed] },
      };
      return;
    }
  },
};

function appendLine(file: TextFile, line: string) {
  const { text, path } = file;
  const isBlock = /^[A-Za-z_]+:/m.test(text) && !/^(?:\.\.\.|---.+)/m.test(text);
  if (!isBlock) return undefined;
  const start = text.length;
  return { file: path, start, end: start, text: `${text.endsWith('\n') ? '' : '\n'}${line}\n` };
}

export const ARCH_RULES: readonly Rule<AddonSubject>[] = [
  noArch,
  repeatedArch,
  buildFileArch,
  baseImagePlaceholder,
  missingDockerfile,
  unresolvedBase,
  baseImageArch,
  initWithS6,
];
