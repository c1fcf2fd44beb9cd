import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { atEndOfTest, cleanEnvironment, makeTemporaryFolder, type AtEnd } from './cli.js';
import { expand, expandAll, type Contexts } from './workflow-expressions.js';
import {
  readAction,
  readOutputs,
  type CompositeAction,
  type Workflow,
  type WorkflowStep,
} from './workflow-files.js';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Whose steps the player executes; the effect of all others' is assumed. */
const OUR_ACTION = /^(?:\.\/|addon-release\/addon-release@.+)$/;

export interface RunnerOptions {
  /** The working tree that actions/checkout would have made. */
  readonly checkout: string;
  readonly event: {
    readonly name: string;
    /** "refs/tags/v1.2.3" */
    readonly ref: string;
    readonly payload: Readonly<Record<string, unknown>>;
  };
  readonly repository: string;
  /** `github.token`; empty for what a fork gets. */
  readonly token: string;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly matrix?: Readonly<Record<string, string | boolean>>;
  /** The outputs of the jobs before. */
  readonly needs?: Readonly<Record<string, JobRun>>;
  /** A folder that holds the artifacts of a run, each in a folder of its name. */
  readonly artifacts?: string;
  /** What a test must be able to change: the address of GitHub's API. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Where our action is checked out. Default: this project. */
  readonly actionPath?: string;
  readonly atEnd?: AtEnd | undefined;
}

export interface StepRun {
  readonly uses: string | undefined;
  /** Undefined = a step of somebody else's, whose effect is assumed. */
  readonly exitCode: number | null | undefined;
  readonly log: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface JobRun {
  readonly succeeded: boolean;
  /** Up to the first that failed. */
  readonly steps: readonly StepRun[];
  readonly outputs: Readonly<Record<string, string>>;
  /** The job's page, in Markdown. */
  readonly summary: string;
}

/** Plays GitHub's runner for one job of a workflow. */
export async function runJob(
  workflow: Workflow,
  jobName: string,
  options: RunnerOptions,
): Promise<JobRun> {
  const { event, checkout, atEnd = atEndOfTest } = options;
  if (!(event.name in workflow.on)) throw new Error(`${event.name} does not start this workflow`);
  const job = workflow.jobs[jobName];
  if (job === undefined) throw new Error(`there is no job ${jobName}`);
  const folder = await makeTemporaryFolder('runner', atEnd);
  const summaryFile = path.join(folder, 'summary.md');
  await writeFile(summaryFile, '');
  const eventFile = path.join(folder, 'event.json');
  await writeFile(eventFile, JSON.stringify(event.payload));
  const refName = event.ref.replace(/^refs\/(?:heads|tags|pull)\//, '');
  const environment = cleanEnvironment({
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'octocat',
    GITHUB_EVENT_NAME: event.name,
    GITHUB_EVENT_PATH: eventFile,
    GITHUB_REF: event.ref,
    GITHUB_REF_NAME: refName,
    GITHUB_REPOSITORY: options.repository,
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_STEP_SUMMARY: summaryFile,
    GITHUB_WORKSPACE: checkout,
    ADDON_RELEASE_STATE: path.join(folder, 'state'),
    ...options.environment,
  });
  const temporary = path.join(folder, 'temp');
  const finished: Record<string, Pick<StepRun, 'outputs'>> = {};
  const contexts: Contexts = {
    runner: { temp: temporary },
    needs: options.needs ?? {},
    steps: finished,
    github: { token: options.token, event_name: event.name, ref: event.ref, ref_name: refName },
    inputs: event.payload['inputs'] ?? {},
    secrets: options.secrets ?? {},
    matrix: options.matrix ?? {},
  };
  expand(workflow.concurrency?.group ?? '', contexts);
  const jobEnvironment = expandAll(job.env, contexts);

  let count = 0;
  async function runScript(
    script: string,
    env: Readonly<Record<string, string>>,
  ): Promise<Omit<StepRun, 'uses'>> {
    const name = path.join(folder, `step-${String(++count)}`);
    await writeFile(`${name}.sh`, script);
    await writeFile(`${name}.out`, '');
    const shell = ['--noprofile', '--norc', '-eo', 'pipefail', `${name}.sh`];
    const child = spawn('bash', shell, {
      cwd: checkout,
      env: { ...environment, ...jobEnvironment, ...env, GITHUB_OUTPUT: `${name}.out` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (log += text));
    }
    await once(child, 'close');
    const outputs = readOutputs(await readFile(`${name}.out`, 'utf8'));
    return { exitCode: child.exitCode, log, outputs };
  }

  async function runAction(action: CompositeAction, step: WorkflowStep): Promise<StepRun> {
    const given = expandAll(step.with, contexts);
    for (const name of Object.keys(given)) {
      if (!(name in action.inputs)) throw new Error(`the action has no input "${name}"`);
    }
    const defaults = Object.fromEntries(
      Object.entries(action.inputs).map(([name, input]) => [name, input.default ?? '']),
    );
    const inputs = { ...expandAll(defaults, contexts), ...given };
    const steps: Record<string, { readonly outputs: Readonly<Record<string, string>> }> = {};
    let last: Omit<StepRun, 'uses'> = { exitCode: 0, log: '', outputs: {} };
    for (const { id = '', run = '', env } of action.runs.steps) {
      last = await runScript(run, {
        ...expandAll(env, { ...contexts, inputs }),
        GITHUB_ACTION_PATH: options.actionPath ?? ROOT,
      });
      steps[id] = { outputs: last.outputs };
      if (last.exitCode !== 0) break;
    }
    const values = Object.entries(action.outputs).map(([name, { value }]) => [name, value]);
    const outputs = expandAll(Object.fromEntries(values) as Record<string, string>, { steps });
    return { ...last, uses: step.uses, outputs };
  }

  /** What actions/upload-artifact and actions/download-artifact (with merge-multiple) do. */
  async function moveArtifacts({ uses = '', with: inputs }: WorkflowStep): Promise<void> {
    const { name = '', path: place = '', pattern = '' } = expandAll(inputs, contexts);
    const { artifacts } = options;
    if (!uses.includes('-artifact@')) return;
    if (artifacts === undefined) throw new Error('there is no place for artifacts');
    if (uses.startsWith('actions/upload-artifact@')) {
      await cp(place, path.join(artifacts, name), { recursive: true });
      return;
    }
    const prefix = pattern.replace(/\*$/, '');
    for (const artifact of await readdir(artifacts)) {
      if (!artifact.startsWith(prefix)) continue;
      await cp(path.join(artifacts, artifact), place, { recursive: true });
    }
  }

  const steps: StepRun[] = [];
  for (const step of job.steps) {
    if (step.if !== undefined) throw new Error('conditions of steps are not played');
    let run: StepRun;
    if (step.run !== undefined) {
      run = { uses: undefined, ...(await runScript(step.run, expandAll(step.env, contexts))) };
    } else if (OUR_ACTION.test(step.uses ?? '')) {
      run = await runAction(readAction(), step);
    } else {
      await moveArtifacts(step);
      run = { uses: step.uses, exitCode: undefined, log: '', outputs: {} };
    }
    steps.push(run);
    if (step.id !== undefined) finished[step.id] = { outputs: run.outputs };
    if (run.exitCode !== undefined && run.exitCode !== 0) break;
  }
  const succeeded = steps.every(({ exitCode }) => exitCode === undefined || exitCode === 0);
  const outputs = expandAll(job.outputs, contexts);
  return { succeeded, steps, outputs, summary: await readFile(summaryFile, 'utf8') };
}
