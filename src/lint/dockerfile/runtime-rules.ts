import type { Finding, Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import type { BuildFile, BuildStage, Step } from './build-file.js';
import { readCopy } from './copies.js';
import { listWords } from './instruction.js';
import { dockerfileRule, eachRun, findAt, isInImage, listPackageCommands } from './rule-parts.js';

/** The last stage and those it continues, the lowest first. */
function listImageStages(file: BuildFile): readonly BuildStage[] {
  return file.stages.filter((stage) => isInImage(file, stage));
}

function listImageSteps(file: BuildFile): readonly Step[] {
  return listImageStages(file).flatMap(({ steps }) => steps);
}

const healthcheckMissing = dockerfileRule(
  {
    id: 'healthcheck-missing',
    severity: 'note',
    summary: 'The image has no HEALTHCHECK',
    why:
      'The Supervisor takes an add-on for started as soon as its container runs, and its watchdog restarts one only ' +
      'when the process ends. With a HEALTHCHECK it waits until the service answers, and restarts one that hangs.',
    remedy:
      'Add a HEALTHCHECK that asks the service itself, such as `CMD curl --fail http://localhost:8000/health`.',
    fixable: false,
  },
  function* (file, subject) {
    const { last } = file;
    if (last === undefined || subject.fields?.startup === 'once') return;
    if (listImageSteps(file).some(({ keyword }) => keyword === 'HEALTHCHECK')) return;
    yield findAt(
      file,
      last.from.start,
      'the image has no HEALTHCHECK, so the Supervisor cannot see whether the add-on works',
    );
  },
);

/** Their init is s6-overlay, which starts as root and is meant to. */
const S6_BASE =
  /(?:^|\/)(?:home-assistant\/(?:\w+-)?base|hassio-addons\/(?:\w+-)?(?:debian-)?base)|^\$\{?BUILD_FROM/;

/** Programs that go on as another user. */
const DROPS_RIGHTS =
  /\b(?:s6-setuidgid|s6-applyuidgid|su-exec|gosu|setpriv|runuser|chpst|setuidgid|sudo -u|su -)/;

const SERVICE_SCRIPT =
  /(?:^|\/)(?:services\.d\/[^/]+\/run|s6-rc\.d\/[^/]+\/(?:run|up)|(?:entrypoint|run|start)(?:\.sh)?)$/;

function dropsRights(subject: AddonSubject): boolean {
  const scripts = subject.tree.entries.filter(
    ({ kind, path }) => kind === 'file' && SERVICE_SCRIPT.test(path),
  );
  for (const { path } of scripts.slice(0, 50)) {
    const text = subject.readText(path);
    if (text !== undefined && DROPS_RIGHTS.test(text.text)) return true;
  }
  return false;
}

const runsAsRoot = dockerfileRule(
  {
    id: 'runs-as-root',
    severity: 'note',
    summary: 'The service runs as root',
    why:
      'Whoever finds a hole in the service owns the whole container with everything that is mapped into it, such as the ' +
      "configuration of Home Assistant. Starting as root is usual, as s6 and the Supervisor's /data need it; going on " +
      'as root is not.',
    remedy:
      'Create a user, and start the service with `s6-setuidgid USER` in its run script (or `USER` in the Dockerfile where ' +
      'nothing has to be prepared as root).',
    fixable: false,
  },
  function* (file, subject) {
    const { last } = file;
    if (last === undefined) return;
    const { user } = last.end;
    if (user !== undefined && !/^(?:root|0)(?::|$)/.test(user)) return;
    const starts = listImageSteps(file).filter(({ keyword }) =>
      /^(?:CMD|ENTRYPOINT)$/.test(keyword),
    );
    if (starts.some(({ rest }) => DROPS_RIGHTS.test(rest.text))) return;
    if (dropsRights(subject)) return;
    const isS6 = S6_BASE.test(last.base) || S6_BASE.test(last.baseText);
    const isOwnInit = isS6 && starts.length === 0;
    yield findAt(file, last.from.start, 'the service runs as root', {
      hint: isOwnInit
        ? 'Create a user in the Dockerfile and begin the command in the run script with `exec s6-setuidgid USER`.'
        : undefined,
    });
  },
);

/** Permission bits that a chmod sets for others and for set-user-ID, as far as it says so. */
function readMode(text: string): { readonly writable: boolean; readonly setuid: boolean } {
  if (/^[0-7]{3,4}$/.test(text)) {
    const mode = parseInt(text, 8);
    // A sticky folder such as /tmp may be written by all.
    return { writable: (mode & 0o1002) === 0o002, setuid: (mode & 0o6000) !== 0 };
  }
  const parts = text.split(',');
  return {
    writable: parts.some((part) => /^[ugo]*[oa][ugo]*[+=][rxXst]*w/.test(part)),
    setuid: parts.some((part) => /^[ugoa]*[+=][rwxXt]*s/.test(part)),
  };
}

interface ModeChange {
  readonly mode: string;
  readonly start: number;
  readonly targets: string;
}

function* listModeChanges(file: BuildFile): Generator<ModeChange> {
  for (const step of listImageSteps(file)) {
    const flag = step.flags.find(({ name }) => name === 'chmod');
    if (flag !== undefined) {
      yield { mode: flag.value, start: flag.start, targets: listWords(step).at(-1)?.text ?? '' };
    }
    for (const { words } of step.commands) {
      const [program, ...rest] = words;
      if (program?.text.replace(/^.*\//, '') !== 'chmod') continue;
      const operands = rest.filter(
        ({ text }) => !/^--?[A-Za-z]/.test(text) || /^-[rwxst]+$/.test(text),
      );
      const [mode, ...targets] = operands;
      if (mode === undefined) continue;
      yield {
        mode: mode.text,
        start: mode.start,
        targets: targets.map(({ text }) => text).join(' '),
      };
    }
  }
}

const writableCode = dockerfileRule(
  {
    id: 'writable-code',
    severity: 'warning',
    summary: 'Everybody in the container may change files of the image',
    why:
      'A service that was taken over can replace its own programs, or those that root runs at the next start, and so ' +
      'stay or become root.',
    remedy:
      'Leave programs to root (`755`, data `644`), and give the service folders of its own below /data.',
    fixable: false,
  },
  function* (file) {
    for (const { mode, start, targets } of listModeChanges(file)) {
      if (!readMode(mode).writable) continue;
      yield findAt(file, start, `mode ${mode} lets every user in the container change ${targets}`, {
        hint: 'Use 755 for programs and folders, 644 for other files.',
      });
    }
    yield* checkOwnCode(file);
  },
);

/** Code that is given to the user that runs it. */
function* checkOwnCode(file: BuildFile): Generator<Finding> {
  const user = file.last?.end.user?.split(':')[0];
  if (user === undefined || user === 'root' || user === '0') return;
  for (const step of listImageSteps(file)) {
    const flag = step.flags.find(({ name }) => name === 'chown');
    if (flag === undefined || flag.value.split(':')[0] !== user || readCopy(step) === undefined)
      continue;
    yield findAt(
      file,
      flag.start,
      `${user}, whom the service runs as, may change the files that are copied here`,
      {
        severity: 'note',
        hint: 'Leave the option away: root owns them then, and everybody may read them.',
      },
    );
  }
}

const setuidFile = dockerfileRule(
  {
    id: 'setuid-file',
    severity: 'warning',
    summary: 'A file runs with the rights of its owner',
    why: 'A set-user-ID program is a way from any user to root.',
    remedy: 'Start what needs root as root, and drop rights from there.',
    fixable: false,
  },
  function* (file) {
    for (const { mode, start, targets } of listModeChanges(file)) {
      if (!readMode(mode).setuid) continue;
      yield findAt(
        file,
        start,
        `mode ${mode} lets ${targets} run with the rights of its owner or group`,
      );
    }
  },
);

const COMPILES = /\b(?:compileall|py_compile|compile-bytecode)\b/;

const bytecodeMissing = dockerfileRule(
  {
    id: 'bytecode-missing',
    severity: 'note',
    summary: "The add-on's Python code is not compiled in the image",
    why:
      'The Supervisor makes a new container for every start, so what Python compiles at the start is lost at the next. ' +
      'On a small machine that is seconds of every start.',
    remedy:
      'Run `python3 -m compileall -q FOLDER` after the files were copied. With uv, set `UV_COMPILE_BYTECODE=1`.',
    fixable: false,
  },
  function* (file, subject) {
    const needed = file.stages.filter(({ index }) => file.needed.has(index));
    const steps = needed.flatMap((stage) => stage.steps);
    const compiles = steps.some(
      ({ rest, heredocs }) =>
        COMPILES.test(rest.text) || heredocs.some(({ text }) => COMPILES.test(text)),
    );
    if (compiles || file.last?.end.variables.get('UV_COMPILE_BYTECODE') !== undefined) return;
    for (const { step } of eachRun(file)) {
      const uv = listPackageCommands(step).find(
        ({ manager, kind }) => manager === 'uv' && kind === 'install',
      );
      if (uv === undefined || step.variables.has('UV_COMPILE_BYTECODE')) continue;
      yield findAt(file, uv.command.start, 'uv does not compile what it installs', {
        hint: 'Add `--compile-bytecode`, or `ENV UV_COMPILE_BYTECODE=1`.',
      });
      return;
    }
    const copied = steps.find((step) => {
      const sources = readCopy(step)?.sources ?? [];
      return sources.some((source) => countPython(subject, source) > 0);
    });
    if (copied === undefined) return;
    const [source = '.'] = readCopy(copied)?.sources ?? [];
    const count = countPython(subject, source);
    yield findAt(
      file,
      copied.start,
      `${count} Python ${count === 1 ? 'file is' : 'files are'} compiled anew at every start of the add-on`,
      {
        hint: 'Add `RUN python3 -m compileall -q FOLDER` below.',
      },
    );
  },
);

function countPython({ tree }: AddonSubject, source: string): number {
  return tree.entries.filter(
    ({ kind, path }) =>
      kind === 'file' &&
      path.endsWith('.py') &&
      !/(?:^|\/)(?:tests?|docs|\.git|node_modules)\//.test(path) &&
      (source === '.' || path === source || path.startsWith(`${source}/`)),
  ).length;
}

export const RUNTIME_RULES: readonly Rule<AddonSubject>[] = [
  healthcheckMissing,
  runsAsRoot,
  writableCode,
  setuidFile,
  bytecodeMissing,
];
