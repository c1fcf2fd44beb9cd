import { parseYaml } from '../addon/yaml.js';
import { PyDict, type PyKey, type PyValue } from '../addon/python-value.js';
import { isArch } from '../addon/arch.js';

/** A job of a GitHub workflow, as far as it tells what the job is for. */
export interface Job {
  readonly name: string;
  /** A reusable workflow that it calls. */
  readonly uses: string | undefined;
  readonly steps: readonly JobStep[];
  readonly needs: readonly string[];
  readonly hasOutputs: boolean;
  /** The values of `strategy.matrix` that stand there as texts. */
  readonly matrix: ReadonlyMap<string, readonly string[]>;
}

interface JobStep {
  readonly uses: string;
  readonly run: string;
  readonly inputs: PyDict;
}

function textOf(value: PyKey | PyValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function dictOf(value: PyValue | undefined): PyDict {
  return value instanceof PyDict ? value : new PyDict();
}

function listOf(value: PyValue | undefined): readonly PyValue[] {
  return Array.isArray(value) ? (value as readonly PyValue[]) : [];
}

function readMatrix(job: PyDict): Job['matrix'] {
  const matrix = dictOf(dictOf(job.get('strategy')).get('matrix'));
  return new Map(
    [...matrix.entries()].map(([key, value]) => [
      textOf(key),
      typeof value === 'string' ? [value] : listOf(value).map(textOf),
    ]),
  );
}

/** The jobs of a workflow; undefined for a text that is none. */
export function readJobs(text: string): readonly Job[] | undefined {
  const read = parseYaml(text);
  if (!read.ok) return undefined;
  const jobs = dictOf(read.document.value).get('jobs');
  if (!(jobs instanceof PyDict)) return undefined;
  return [...jobs.entries()].map(([key, value]): Job => {
    const job = dictOf(value);
    const needs = job.get('needs');
    return {
      name: textOf(key),
      uses: textOf(job.get('uses')) || undefined,
      steps: listOf(job.get('steps'))
        .map(dictOf)
        .map((step) => ({
          uses: textOf(step.get('uses')),
          run: textOf(step.get('run')),
          inputs: dictOf(step.get('with')),
        })),
      needs: typeof needs === 'string' ? [needs] : listOf(needs).map(textOf),
      hasOutputs: job.has('outputs'),
      matrix: readMatrix(job),
    };
  });
}

const BUILDER = /^home-assistant\/(?:hassio-)?builder@/;
const BUILDER_ACTIONS = /^home-assistant\/builder\/actions\//;
/** `docker run … ghcr.io/home-assistant/amd64-builder`, and its older names. */
const BUILDER_IMAGE = /\b(?:homeassistant|home-assistant)\/\w+-builder\b/;
/** The community's workflows, and those modelled on them. */
const COMMUNITY =
  /^([\w.-]+\/[\w.-]*workflows)\/\.github\/workflows\/(?:hass-)?(?:addon|app)[-.](?:ci|deploy)\.ya?ml@/;
const BUILD_PUSH = /^docker\/build-push-action@/;
const MANIFEST = /\bdocker\s+(?:buildx\s+imagetools|manifest)\s+create\b/;

function isPerArch({ matrix, steps }: Job): boolean {
  const names = [...matrix].some(
    ([key, values]) => /arch/i.test(key) || values.some((value) => isArch(value)),
  );
  const isAddon = steps.some(({ inputs }) =>
    /\bBUILD_(?:FROM|ARCH)=/.test(textOf(inputs.get('build-args'))),
  );
  return names || isAddon;
}

/** What a job builds or publishes add-ons with; undefined when it does not. */
export function findBuilder(job: Job, gone: ReadonlySet<string>): string | undefined {
  const community = COMMUNITY.exec(job.uses ?? '')?.[1];
  if (community !== undefined) return `the workflows of ${community}`;
  const called = /^\.\/(\.github\/workflows\/[^@]+)$/.exec(job.uses ?? '')?.[1];
  if (called !== undefined && gone.has(called)) return called;
  for (const { uses, run } of job.steps) {
    if (BUILDER.test(uses)) return 'home-assistant/builder, which is deprecated';
    if (BUILDER_ACTIONS.test(uses)) return 'the actions of home-assistant/builder';
    if (BUILDER_IMAGE.test(run)) return 'the image of home-assistant/builder';
    if (BUILD_PUSH.test(uses) && isPerArch(job)) return 'docker/build-push-action, one job each';
  }
  return undefined;
}

/** Joins the images of other jobs under one name. */
export function joinsImages({ steps }: Job): boolean {
  return steps.some(({ run }) => MANIFEST.test(run));
}

/** Builds images with an action that others use too: nothing says that they are an add-on's. */
export function buildsSomething({ steps }: Job): boolean {
  return steps.some(({ uses }) => BUILD_PUSH.test(uses));
}
