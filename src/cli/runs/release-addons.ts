import { RELEASE_PARTS } from '../../pipeline/pipeline.js';
import { runPipeline, type RunOutcome } from '../../pipeline/run.js';
import type { Session } from '../../pipeline/session.js';
import type { Step } from '../../pipeline/step.js';
import type { Reporter } from '../../report/reporter.js';
import type { ChosenAddon } from '../../repository/choice.js';
import { Limiter } from '../../repository/limiter.js';
import { openSession } from '../../repository/session.js';
import type { CommandContext, Flags, Invocation } from '../command.js';
import { parseBuildCache, parseFlags } from '../parse-flags.js';
import type { AddonResult } from '../repository-summary.js';
import { createAddonRunFolder } from '../run-folder.js';
import { openRun, type OpenRun } from './steps.js';

/** Add-ons that are worked on at the same time unless the user says otherwise. */
const USUAL_JOBS = 4;

/** What is to be released, and by what words it was asked for. */
export interface SideBySide {
  readonly invocation: Invocation;
  readonly context: CommandContext;
  readonly chosen: readonly ChosenAddon[];
  readonly openScreen: (slug: string) => Reporter;
  /** `--jobs` */
  readonly jobs: number | undefined;
}

/** What one add-on alone would be asked for by: so it can be resumed alone, too. */
function singleInvocation(
  { command, flags }: Invocation,
  { folder, decision: { version } }: ChosenAddon,
): Invocation {
  const ofRepository: readonly string[] = [
    'all',
    'changed',
    'bump',
    'jobs',
  ] satisfies readonly (keyof Flags)[];
  const own = Object.entries(flags).filter(([name]) => !ofRepository.includes(name));
  const isRelease = command === 'release';
  const single: Flags = {
    ...Object.fromEntries(own),
    ...(isRelease ? { multi: true } : {}),
    addon: folder,
  };
  return { command, args: [version], flags: single };
}

/** One add-on's release as far as it got. */
class AddonRun {
  #outcome: RunOutcome = { results: {}, error: undefined };

  private constructor(
    private readonly choice: ChosenAddon,
    private readonly runFolder: string,
    private readonly run: OpenRun,
  ) {}

  static async open(
    { invocation, context, openScreen }: SideBySide,
    choice: ChosenAddon,
    repositoryFolder: string,
    session?: Session,
  ): Promise<AddonRun> {
    const single = singleInvocation(invocation, choice);
    const { command: name, args, flags } = single;
    const { signal, workingDirectory } = context;
    const options = parseFlags(single, context);
    const runFolder = await createAddonRunFolder(repositoryFolder, choice.slug);
    const command = { name, args, flags: { ...flags }, workingDirectory };
    const request = { options, command, signal };
    const run = await openRun(request, runFolder, openScreen(choice.slug), session);
    return new AddonRun(choice, runFolder, run);
  }

  /** Goes on with these steps, unless the release has failed already. */
  async go(steps: readonly Step[], limiter?: Limiter): Promise<void> {
    if (this.#outcome.error !== undefined) return;
    const work = () => runPipeline(steps, this.run.context, this.#outcome.results);
    this.#outcome = await (limiter === undefined ? work() : limiter.run(work));
  }

  async close(): Promise<AddonResult> {
    await this.run.close(this.#outcome);
    return { choice: this.choice, runFolder: this.runFolder, ...this.#outcome };
  }
}

/** Makes the plans of all add-ons. Nothing is written. */
export async function previewAddons(
  request: SideBySide,
  runFolder: string,
): Promise<readonly AddonResult[]> {
  const limiter = new Limiter(request.jobs ?? USUAL_JOBS);
  return Promise.all(
    request.chosen.map(async (choice) => {
      const run = await AddonRun.open(request, choice, runFolder);
      await run.go(RELEASE_PARTS.plan, limiter);
      return run.close();
    }),
  );
}

/**
 * Releases add-ons side by side, or tests them: their images are built in one call, each is tested as soon as it is
 * there, and each add-on then goes on by itself. What fails is a result, and stops none of the others.
 *
 * @param runFolder of the run for the whole repository; each add-on's own is beside it
 */
export async function releaseAddons(
  request: SideBySide,
  runFolder: string,
): Promise<readonly AddonResult[]> {
  const { invocation, chosen, context, jobs } = request;
  const limiter = new Limiter(jobs ?? USUAL_JOBS);
  const announcing = new Limiter(1);
  const session = openSession(
    {
      runFolder,
      cache: parseBuildCache(invocation.flags, context),
      signal: context.signal,
    },
    { addonsPerBuild: jobs ?? chosen.length, tests: jobs ?? USUAL_JOBS },
  );
  const members = chosen.map((choice) => ({ choice, ...session.join() }));
  try {
    const runs = await Promise.all(
      members.map(async ({ choice, session: own, leaveBuild }) => ({
        run: await AddonRun.open(request, choice, runFolder, own),
        leaveBuild,
      })),
    );
    await Promise.all(runs.map(({ run }) => run.go(RELEASE_PARTS.plan, limiter)));
    return await Promise.all(
      runs.map(async ({ run, leaveBuild }) => {
        await run.go(RELEASE_PARTS.prepare, limiter);
        await run.go(RELEASE_PARTS.build);
        leaveBuild();
        await run.go(RELEASE_PARTS.attest, limiter);
        if (invocation.command === 'test') return run.close();
        await run.go(RELEASE_PARTS.publish, limiter);
        await run.go(RELEASE_PARTS.announce, announcing);
        await run.go(RELEASE_PARTS.finish, limiter);
        return run.close();
      }),
    );
  } finally {
    await session.close();
  }
}
