import type { Fix, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { BuildFile, BuildStage, Step } from './build-file.js';
import { declareArg, listCacheMounts } from './cache-mounts.js';
import type { Mount } from './instruction.js';
import { getManager, isCacheOf } from './package-managers.js';
import { dockerfileRule, eachRun, edit, findAt, listPackageCommands } from './rule-parts.js';

const packageCacheArchitecture = dockerfileRule(
  {
    id: 'package-cache-architecture',
    severity: 'warning',
    summary: 'A cache mount is shared by builds for different architectures',
    why:
      'Without an `id`, a cache mount is the same for all architectures that are built. apt and apk then overwrite each ' +
      "other's lists or wait for each other, and pip and uv can pick a wheel that was built for another C library.",
    remedy:
      'Give the mount an id with the architecture: `id=pip-${TARGETARCH}`, below an `ARG TARGETARCH`.',
    fixable: true,
  },
  function* (file, subject) {
    if (subject.arches.length === 1) return;
    for (const { stage, step } of eachRun(file)) {
      for (const mount of listCacheMounts(step)) {
        const id = mount.options.get('id') ?? mount.options.get('target') ?? '';
        const names = [...id.matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name);
        const platform = names.filter((name) => /^TARGET(?:ARCH|PLATFORM)$|ARCH$/.test(name));
        const missing = platform.find((name) => !step.variables.has(name));
        if (platform.length > 0 && missing === undefined) continue;
        if (missing !== undefined) {
          yield findAt(
            file,
            mount.flag.start,
            `the id of the cache mount names ${missing}, which is empty without an \`ARG ${missing}\` in this stage`,
            {
              fix: {
                title: `declare \`ARG ${missing}\``,
                edits: declareArg(file, stage, step, missing),
              },
            },
          );
          continue;
        }
        if (stage.platform !== 'target') continue;
        const reason = explainSeparation(step, mount);
        if (reason === undefined) continue;
        yield findAt(
          file,
          mount.flag.start,
          `the cache on ${mount.options.get('target') ?? ''} is shared by all architectures: ${reason}`,
          {
            fix: separationFix(file, stage, step, mount),
          },
        );
      }
    }
  },
);

function explainSeparation(step: Step, mount: Mount): string | undefined {
  const target = mount.options.get('target') ?? '';
  for (const { manager } of listPackageCommands(step)) {
    const facts = getManager(manager);
    if (facts.separate !== undefined && isCacheOf(facts, target, step.variables)) {
      return facts.separate;
    }
    if (manager === 'cargo' && /\/target\/?$/.test(target)) {
      return 'cargo keeps compiled objects of one architecture there';
    }
  }
  return undefined;
}

function separationFix(file: BuildFile, stage: BuildStage, step: Step, mount: Mount): Fix {
  const { flag, options } = mount;
  const written = file.file.text.slice(flag.start, flag.end);
  const id = options.get('id');
  const name =
    id ?? (options.get('target') ?? 'cache').replace(/^\/+|\/+$/g, '').replace(/[^\w.]+/g, '-');
  const wanted = `id=${name}-\${TARGETARCH}`;
  const at =
    id === undefined
      ? written.indexOf('type=cache') + 'type=cache'.length
      : written.search(/\bid=/);
  const change =
    id === undefined
      ? edit(file, flag.start + at, flag.start + at, `,${wanted}`)
      : edit(file, flag.start + at, flag.start + at + `id=${id}`.length, wanted);
  return {
    title: `add \`${wanted}\``,
    edits: [...declareArg(file, stage, step, 'TARGETARCH'), change],
  };
}

const aptCacheUnlocked = dockerfileRule(
  {
    id: 'apt-cache-unlocked',
    severity: 'warning',
    summary: 'An apt cache mount lacks sharing=locked',
    why:
      'Builds of several stages or architectures run side by side. apt needs its folders for itself, and fails with ' +
      '"Could not get lock" when two builds share them.',
    remedy: 'Add `sharing=locked` to the mount.',
    fixable: true,
  },
  function* (file) {
    for (const { step } of eachRun(file)) {
      if (!listPackageCommands(step).some(({ manager }) => manager === 'apt')) continue;
      for (const { options, flag } of listCacheMounts(step)) {
        if (!isCacheOf(getManager('apt'), options.get('target') ?? '', step.variables)) continue;
        if (options.get('sharing') === 'locked' || options.get('sharing') === 'private') continue;
        const hasOther = options.has('sharing');
        yield findAt(
          file,
          flag.start,
          `the apt cache on ${options.get('target') ?? ''} is not locked while in use`,
          {
            fix: hasOther
              ? undefined
              : {
                  title: 'add `sharing=locked`',
                  edits: [edit(file, flag.end, flag.end, ',sharing=locked')],
                },
          },
        );
      }
    }
  },
);

const aptDockerClean = dockerfileRule(
  {
    id: 'apt-docker-clean',
    severity: 'note',
    summary: "Debian's docker-clean empties the apt cache mount",
    why:
      'Debian and Ubuntu images come with /etc/apt/apt.conf.d/docker-clean, which deletes every package after its ' +
      'installation. A mount on /var/cache/apt then keeps nothing.',
    remedy:
      'Begin the instruction with `rm -f /etc/apt/apt.conf.d/docker-clean`, before `apt-get`.',
    fixable: false,
  },
  function* (file) {
    for (const { stage, step } of eachRun(file)) {
      const install = listPackageCommands(step).find(
        ({ manager, kind }) => manager === 'apt' && kind === 'install',
      );
      if (install === undefined) continue;
      const mount = listCacheMounts(step).find(({ options }) =>
        /^\/var\/cache(?:\/apt(?:\/archives)?)?\/?$/.test(options.get('target') ?? ''),
      );
      if (mount === undefined || isDockerCleanGone(file, stage, step)) continue;
      yield findAt(
        file,
        install.command.start,
        'docker-clean of Debian images empties the mounted apt cache after this command',
      );
    }
  },
);

const handledAt = new WeakMap<readonly Step[], number>();

/** Where docker-clean is first removed or overruled. */
function firstHandled(steps: readonly Step[]): number {
  const known = handledAt.get(steps);
  if (known !== undefined) return known;
  const first = steps.find(({ commands }) =>
    commands.some(({ words, outputs }) =>
      [...words, ...outputs].some(({ text }) => /docker-clean|Keep-Downloaded-Packages/.test(text)),
    ),
  );
  const start = first?.start ?? Infinity;
  handledAt.set(steps, start);
  return start;
}

/** Removed or overruled, in this RUN or one before it in this stage or all of those it continues. */
function isDockerCleanGone(file: BuildFile, stage: BuildStage, step: Step): boolean {
  const queue = [stage.index];
  const seen = new Set(queue);
  for (const index of queue) {
    const { steps = [], parents = [] } = file.stages[index] ?? {};
    if (firstHandled(steps) <= step.start) continue;
    if (parents.length === 0) return false;
    queue.push(...parents.filter((parent) => !seen.has(parent)));
    for (const parent of parents) seen.add(parent);
  }
  return true;
}

/** How caches are mounted. */
export const CACHE_MOUNT_RULES: readonly Rule<AddonSubject>[] = [
  packageCacheArchitecture,
  aptCacheUnlocked,
  aptDockerClean,
];
