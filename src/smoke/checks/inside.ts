import type { SmokeCheck } from '../check.js';
import { failed, passed, skipped, warning } from '../report.js';
import { adviseOnReadOnly } from './death.js';

const SHOWN_OUTPUT = 200;

function shorten(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ');
  return line.length > SHOWN_OUTPUT ? `${line.slice(0, SHOWN_OUTPUT)}…` : line;
}

/** `commands` of smoke.yaml. */
export const commandsCheck: SmokeCheck = {
  id: 'commands',
  title: 'the commands of smoke.yaml succeed inside',
  needs: ['start', 'ready'],
  run: async ({ container, smoke }) => {
    if (smoke.commands.length === 0) return skipped('none in smoke.yaml');
    const problems: string[] = [];
    for (const { run, exitCode, output } of smoke.commands) {
      const result = await container.exec(run);
      const text = result.stdout + result.stderr;
      const name = run.join(' ');
      if (result.exitCode !== exitCode) {
        problems.push(
          `${name}: exit code ${String(result.exitCode)}, not ${exitCode}: ${shorten(text)}`,
        );
      } else if (output !== undefined && !output.test(text)) {
        problems.push(`${name}: ${output.source} is not in: ${shorten(text)}`);
      }
    }
    return problems.length === 0
      ? passed(`${smoke.commands.length} commands`)
      : failed(problems.join('; '), 'Run the command by hand with `docker run --rm -it`.');
  },
};

/** `files` of smoke.yaml. */
export const filesCheck: SmokeCheck = {
  id: 'files',
  title: 'the files of smoke.yaml exist',
  needs: ['start', 'ready'],
  run: async ({ container, smoke }) => {
    if (smoke.files.length === 0) return skipped('none in smoke.yaml');
    const missing: string[] = [];
    for (const path of smoke.files) {
      if (!(await container.has(path))) missing.push(path);
    }
    return missing.length === 0
      ? passed(smoke.files.join(', '))
      : failed(`missing: ${missing.join(', ')}`, 'Create them in the Dockerfile or at start.');
  },
};

/** Where an add-on may write: these are not kept, and are not expected to be. /etc is made anew from the options. */
const EXPECTED = [
  ...['/dev', '/proc', '/sys', '/run', '/tmp', '/etc'],
  ...['/var/run', '/var/tmp', '/var/log', '/var/lock', '/var/cache'],
  ...['/sbin/docker-init', '/usr/sbin/docker-init'], // where the engine puts its own with `init: true`
];

/** What interpreters keep for themselves beside their modules. */
const BYTECODE = /\/__pycache__(?:\/|$)/;

const SHOWN_PATHS = 5;

/** What was written into the container itself is gone with every start. */
export const writesCheck: SmokeCheck = {
  id: 'writes',
  title: 'it keeps its data in mapped folders',
  needs: ['start', 'ready'],
  run: async (context) => {
    const { container, mountTargets, logWatch } = context;
    for (const line of logWatch.findings().readOnly) {
      const advice = adviseOnReadOnly(context, line);
      if (advice !== undefined) return failed(`it could not write: ${line}`, advice);
    }
    const changes = await container.changes();
    const allowed = [...EXPECTED, ...mountTargets];
    const unexpected = changes.filter(
      ({ path }) =>
        !BYTECODE.test(path) &&
        !allowed.some((folder) => path === folder || path.startsWith(`${folder}/`)),
    );
    // A folder counts as changed when something in it was; only the innermost path says what.
    const folders = new Set(changes.map(({ path }) => path.slice(0, path.lastIndexOf('/'))));
    const leaves = unexpected.filter(({ path }) => !folders.has(path));
    if (leaves.length === 0) return passed('nothing was written elsewhere');
    const shown = leaves.slice(0, SHOWN_PATHS).map(({ path }) => path);
    const more = leaves.length > shown.length ? ` and ${leaves.length - shown.length} more` : '';
    return warning(
      `written into the container: ${shown.join(', ')}${more}`,
      'Write to /data (or a mapped folder) what must survive, to /tmp or /run what need not.',
    );
  },
};
