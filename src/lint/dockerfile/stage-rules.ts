import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { Step } from './build-file.js';
import { isBuildOnlyPackage } from './build-only.js';
import type { PackageCommand } from './package-commands.js';
import {
  dockerfileRule,
  eachRun,
  findAt,
  isInImage,
  listPackageCommands,
  nameCommand,
} from './rule-parts.js';

const STAGES = 'https://docs.docker.com/build/building/multi-stage/';

/** `gcc=12.2-r0`, `gcc:arm64` and `gcc@edge` are removed as `gcc`. */
function withoutVersion(name: string): string {
  return name.replace(/(?<=.)[=<>~@:].*$/, '');
}

/** Are the packages removed again by the instruction that installs them? */
function isRemovedAgain(step: Step, install: PackageCommand, packages: readonly string[]): boolean {
  const names = packages.map(withoutVersion);
  const virtual = install.command.words.findIndex(({ text }) => /^(?:-t|--virtual)$/.test(text));
  const inline = install.command.words.find(({ text }) => text.startsWith('--virtual='));
  const group =
    inline?.text.slice('--virtual='.length) ??
    (virtual === -1 ? undefined : install.command.words[virtual + 1]?.text);
  return step.commands.some(({ words }) => {
    const [program = '', ...rest] = words.map(({ text }) => withoutVersion(text));
    if (program === 'apk' && rest.includes('del')) {
      return group === undefined
        ? names.every((name) => rest.includes(name))
        : rest.includes(group);
    }
    if (!/^apt(?:-get)?$/.test(program)) return false;
    const verb = rest.find((word) => !word.startsWith('-'));
    if (verb === 'purge' || verb === 'remove' || verb === 'autoremove') {
      return (
        names.every((name) => rest.includes(name)) || rest.some((word) => word.startsWith('$'))
      );
    }
    return false;
  });
}

const buildToolsInImage = dockerfileRule(
  {
    id: 'build-tools-in-image',
    severity: 'warning',
    summary: 'Compilers and headers stay in the image',
    why:
      'They are often more than half of the image. Every user downloads them with every update, on a Raspberry Pi onto ' +
      'an SD card, and an attacker finds a compiler ready.',
    remedy: `Compile in a stage of its own and copy only the result: ${STAGES}`,
    fixable: false,
  },
  function* (file) {
    for (const { stage, step } of eachRun(file)) {
      if (!isInImage(file, stage)) continue;
      for (const install of listPackageCommands(step)) {
        const { manager, kind, packages } = install;
        if ((manager !== 'apt' && manager !== 'apk') || kind !== 'install') continue;
        const words = packages.filter(({ text }) => isBuildOnlyPackage(text));
        const [first] = words;
        const names = words.map(({ text }) => text);
        if (first === undefined || isRemovedAgain(step, install, names)) continue;
        const shown = names.slice(0, 5).join(', ');
        const others = names.length > 5 ? ` and ${names.length - 5} more` : '';
        yield findAt(
          file,
          first.start,
          `${shown}${others} ${names.length === 1 ? 'is' : 'are'} needed by the build only, and ${names.length === 1 ? 'stays' : 'stay'} in the image`,
          {
            hint: `Move this and what compiles into a stage of its own, and \`COPY --from=\` the result: ${STAGES}`,
          },
        );
      }
    }
  },
);

/** Leaves the sources, the compiler's cache or development packages in the image. */
function describeCompilation(step: Step, install: PackageCommand): string | undefined {
  const { manager, kind, verb, packages, options } = install;
  if ((manager === 'go' || manager === 'cargo') && (kind === 'build' || verb === 'install')) {
    return `\`${nameCommand(install)}\` in the last stage leaves the compiler and its caches in the image`;
  }
  const isNode = manager === 'npm' || manager === 'yarn' || manager === 'pnpm';
  if (!isNode || packages.length > 0) return undefined;
  const production =
    options.some(({ text }) => /^--(?:omit=dev|only=prod|production|prod|omit)\b/.test(text)) ||
    step.variables.get('NODE_ENV') === 'production' ||
    install.command.assignments.some(({ text }) => text === 'NODE_ENV=production');
  if (production || isPruned(step)) return undefined;
  return `\`${nameCommand(install)}\` puts the development dependencies into the image`;
}

function isPruned({ commands }: Step): boolean {
  return commands.some(({ words }) => {
    const text = words.map((word) => word.text).join(' ');
    return /^(?:npm|pnpm|yarn) (?:prune|workspaces focus --production)|^rm .*node_modules/.test(
      text,
    );
  });
}

const compiledInLastStage = dockerfileRule(
  {
    id: 'compiled-in-last-stage',
    severity: 'warning',
    summary: 'The last stage compiles, or holds development dependencies',
    why:
      'What a build leaves behind (compiler, caches, development dependencies) becomes part of the image that every ' +
      'user downloads.',
    remedy: `Build in a stage of its own and copy only the result: ${STAGES}`,
    fixable: false,
  },
  function* (file) {
    for (const { stage, step } of eachRun(file)) {
      if (!isInImage(file, stage)) continue;
      for (const install of listPackageCommands(step)) {
        const message = describeCompilation(step, install);
        if (message === undefined) continue;
        const isNode = message.includes('development dependencies');
        yield findAt(file, install.command.start, message, {
          hint: isNode
            ? 'Install with `--omit=dev` here, and build in a stage of its own.'
            : `Build in a stage of its own, and \`COPY --from=\` the result: ${STAGES}`,
        });
      }
    }
  },
);

export const STAGE_RULES: readonly Rule<AddonSubject>[] = [buildToolsInImage, compiledInLastStage];
