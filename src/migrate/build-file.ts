import { basename } from 'node:path';
import type { Arch } from '../addon/arch.js';
import type { BuildConfig } from '../addon/types.js';
import { readBuildFile, type BuildFile } from '../lint/dockerfile/build-file.js';
import { listWords, type Instruction } from '../lint/dockerfile/instruction.js';
import { mappingOf } from '../lint/files/edit-data.js';
import type { TextEdit } from '../lint/rule.js';
import type { AddonSubject } from '../lint/subject.js';
import type { TextFile } from '../lint/text-file.js';
import { chooseBaseForm, targetName, type BaseForm } from './base-images.js';
import { leave, NOTHING, type Migration, type MigrationNote } from './migration.js';

/** What every builder passes itself: a value in build.yaml can't be moved into the Dockerfile. */
const PASSED_ANYWAY =
  /^(?:BUILD_(?:ARCH|VERSION|NAME|DESCRIPTION|DATE|REF|REPOSITORY)|SOURCE_DATE_EPOCH)$/;
/** Arguments that BuildKit knows without a declaration, so that a default would change nothing. */
const PREDEFINED =
  /^(?:(?:https?|ftp|no|all)_proxy|(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)|BUILDKIT_\w+)$/i;
/** Labels that builders take from config.yaml, whatever build.yaml says. */
const FROM_CONFIG = /^io\.hass\.(?:name|description|url|version|arch)$/;

/** Keys of a build file that end with it, and what takes their place. */
const ENDED: Readonly<Record<string, string>> = {
  squash: '"squash" was ignored and is gone',
  codenotary: '"codenotary" was ignored: the service has ended',
  cosign:
    '"cosign" is gone: say who must have signed the base images in addon-release.yaml (signed_bases), and how images are signed (sign)',
  shadow_repository:
    '"shadow_repository" is gone: name other places of the images in addon-release.yaml (also)',
};

class Refusal extends Error {}

/**
 * Moves what an add-on's build file says into its Dockerfiles: base images, arguments and labels. The build file
 * itself is left to the caller: others may use it too.
 */
export function migrateBuildFile(addon: AddonSubject): Migration {
  const { build, buildConfig, dockerfiles } = addon;
  if (build === undefined) return NOTHING;
  const note = (message: string): MigrationNote => ({ file: build.path, line: 1, message });
  if (buildConfig === undefined) {
    return leave(note('it has errors: `addon-release lint` tells them'));
  }
  if (dockerfiles.size === 0) return leave(note('there is no Dockerfile to move it into'));
  try {
    const edited = [...groupByFile(dockerfiles)].map(([text, arches]) => {
      const file = readBuildFile(text);
      const edits = [
        ...editBase(file, arches, buildConfig),
        ...editArguments(file, buildConfig.args),
        ...appendLabels(file, buildConfig.labels),
      ];
      const after = text.withEdits(edits.toSorted((one, other) => one.start - other.start));
      return { file: text.path, after, isSame: edits.length === 0 };
    });
    return {
      files: edited.filter(({ isSame }) => !isSame).map(({ file, after }) => ({ file, after })),
      done: [
        note(
          describeMove(
            buildConfig,
            edited.map(({ file }) => basename(file)),
          ),
        ),
      ],
      left: listEnded(addon).map(note),
    };
  } catch (error) {
    if (error instanceof Refusal) return leave(note(error.message));
    throw error;
  }
}

function describeMove({ buildFrom, args, labels }: BuildConfig, files: readonly string[]): string {
  const parts = [
    ...(buildFrom === undefined ? [] : ['base images']),
    ...(args.size === 0 ? [] : ['arguments']),
    ...(labels.size === 0 ? [] : ['labels']),
  ];
  const what = parts.length === 0 ? 'it said nothing' : `${parts.join(', ')} moved`;
  return `${what} into ${files.join(', ')}`;
}

function listEnded(addon: AddonSubject): readonly string[] {
  const keys = mappingOf(addon.build);
  return Object.entries(ENDED).flatMap(([key, message]) =>
    keys?.has(key) === true ? [message] : [],
  );
}

function groupByFile(
  dockerfiles: ReadonlyMap<Arch, TextFile>,
): ReadonlyMap<TextFile, readonly Arch[]> {
  const groups = new Map<TextFile, Arch[]>();
  for (const [arch, file] of dockerfiles) groups.set(file, [...(groups.get(file) ?? []), arch]);
  return groups;
}

const REFERENCE = /^\$(?:BUILD_FROM|\{BUILD_FROM(?::?-[^}]*)?\})$/;
const ANY_REFERENCE = /\$\{?BUILD_FROM\b/;

/** Replaces `FROM $BUILD_FROM`, and removes the argument where nothing else uses it. */
function editBase(
  file: BuildFile,
  arches: readonly Arch[],
  { buildFrom }: BuildConfig,
): readonly TextEdit[] {
  const declaration = file.globals.find((arg) => declares(arg, 'BUILD_FROM'));
  const froms = file.stages.filter(({ baseText }) => ANY_REFERENCE.test(baseText));
  if (froms.length === 0) return [];
  const fallback = declaration && valueOf(declaration, 'BUILD_FROM');
  const images = new Map<Arch, string>();
  for (const arch of arches) {
    const image = buildFrom?.get(arch) ?? fallback;
    if (image === undefined || image === '') {
      throw new Refusal(`build_from has no image for ${arch}, and ARG BUILD_FROM no default`);
    }
    if (/[{}$]/.test(image)) throw new Refusal(`"${image}" is not the name of one image`);
    images.set(arch, image);
  }
  const form = chooseBaseForm(images);
  const isElsewhere =
    froms.some(({ baseText }) => !REFERENCE.test(baseText)) ||
    file.stages.some(({ steps }) => steps.some((step) => declares(step, 'BUILD_FROM')));
  if (isElsewhere) return keepArgument(file, declaration, form);
  return [
    ...(declaration === undefined ? [] : [removeArgument(file, declaration, 'BUILD_FROM')]),
    ...writeBase(file, froms, form),
  ];
}

function writeBase(
  { file }: BuildFile,
  froms: BuildFile['stages'],
  form: BaseForm,
): readonly TextEdit[] {
  const replace = (text: string) =>
    froms.map(({ baseStart, baseText }): TextEdit => {
      return { file: file.path, start: baseStart, end: baseStart + baseText.length, text };
    });
  if (form.kind === 'one') return replace(form.image);
  const prefix = /^from\b.*\bas\s+base-/im.test(file.text) ? 'addon-base' : 'base';
  const stages = [...form.images].map(
    ([arch, image]) => `FROM ${image} AS ${prefix}-${targetName(arch)}\n`,
  );
  const [first] = froms;
  const start = first?.from.start ?? 0;
  return [
    { file: file.path, start, end: start, text: stages.join('') },
    ...replace(`${prefix}-\${TARGETARCH}\${TARGETVARIANT}`),
  ];
}

/** Where the argument has other uses, it gets a default, which must be the same for all architectures. */
function keepArgument(
  { file, globals, stages }: BuildFile,
  declaration: Instruction | undefined,
  form: BaseForm,
): readonly TextEdit[] {
  if (form.kind !== 'one') {
    throw new Refusal('BUILD_FROM differs by architecture and is used for more than FROM');
  }
  if (declaration !== undefined) {
    return [setValue(file, declaration, 'BUILD_FROM', quoteValue(form.image))];
  }
  // Above everything, it would take effect from comments that must come first, such as `# syntax=`.
  const start = (globals[0] ?? stages[0]?.from)?.start ?? 0;
  return [{ file: file.path, start, end: start, text: `ARG BUILD_FROM=${form.image}\n` }];
}

function findWord(instruction: Instruction, name: string) {
  return instruction.keyword === 'ARG'
    ? listWords(instruction).find(({ text }) => text === name || text.startsWith(`${name}=`))
    : undefined;
}

function declares(instruction: Instruction, name: string): boolean {
  return findWord(instruction, name) !== undefined;
}

function valueOf(instruction: Instruction, name: string): string | undefined {
  const text = findWord(instruction, name)?.text ?? '';
  return text.includes('=') ? text.slice(name.length + 1) : undefined;
}

function setValue(file: TextFile, instruction: Instruction, name: string, value: string): TextEdit {
  const { start, end } = findWord(instruction, name) ?? { start: 0, end: 0 };
  return { file: file.path, start, end, text: `${name}=${value}` };
}

/** The whole line for an instruction that declares nothing else, with one empty line after it. */
function removeArgument({ file }: BuildFile, instruction: Instruction, name: string): TextEdit {
  const words = listWords(instruction);
  const word = findWord(instruction, name);
  if (words.length > 1 && word !== undefined) {
    const [, blanks = ''] = /^(\s*)/.exec(file.text.slice(word.end)) ?? [];
    return { file: file.path, start: word.start, end: word.end + blanks.length, text: '' };
  }
  const [rest = ''] = /^[ \t]*\n?(?:[ \t]*\n)?/.exec(file.text.slice(instruction.end)) ?? [];
  return {
    file: file.path,
    start: instruction.start,
    end: instruction.end + rest.length,
    text: '',
  };
}

/** Gives each argument that the Dockerfile declares the value that it was passed. */
function editArguments(
  { file, globals, stages }: BuildFile,
  args: ReadonlyMap<string, string>,
): readonly TextEdit[] {
  return [...args].flatMap(([name, value]) => {
    if (PASSED_ANYWAY.test(name)) {
      throw new Refusal(`the argument ${name} is passed by every builder with its own value`);
    }
    if (PREDEFINED.test(name)) {
      throw new Refusal(`the argument ${name} is BuildKit's own: pass it by --build-arg`);
    }
    const isGlobal = globals.some((arg) => declares(arg, name));
    const inStages = stages.flatMap(({ steps }) => steps.filter((step) => declares(step, name)));
    // Without a value a stage inherits the one from before the first FROM.
    const own = inStages.filter((step) => !isGlobal || valueOf(step, name) !== undefined);
    const all = [...globals.filter((arg) => declares(arg, name)), ...own];
    return all.map((instruction) => setValue(file, instruction, name, quoteValue(value)));
  });
}

/** Double quotes where needed: https://docs.docker.com/reference/dockerfile/#environment-replacement */
function quoteValue(value: string): string {
  if (/^[\w.,:/@+-]+$/.test(value)) return value;
  if (/[\n\r]/.test(value)) throw new Refusal('a value has several lines');
  return `"${value.replaceAll(/["\\$]/g, '\\$&')}"`;
}

/** Labels at the end of the last stage, where they override those before. */
function appendLabels(
  { file, last }: BuildFile,
  labels: ReadonlyMap<string, string>,
): readonly TextEdit[] {
  const moved = [...labels].filter(([name]) => !FROM_CONFIG.test(name));
  if (moved.length === 0 || last === undefined) return [];
  const pairs = moved.map(([name, value]) => {
    if (!/^[\w.-]+$/.test(name)) throw new Refusal(`"${name}" is no usual name of a label`);
    return `${name}="${quoteLabel(value)}"`;
  });
  const end = file.text.trimEnd().length;
  return [
    {
      file: file.path,
      start: end,
      end: file.text.length,
      text: `\n\nLABEL ${pairs.join(' \\\n      ')}\n`,
    },
  ];
}

function quoteLabel(value: string): string {
  if (/[\n\r]/.test(value)) throw new Refusal('a label has several lines');
  return value.replaceAll(/["\\$]/g, '\\$&');
}
