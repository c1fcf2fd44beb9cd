import { platformOf, type Arch } from '../addon/arch.js';
import { defineStep, type StepContext } from '../pipeline/step.js';
import type { Results } from '../pipeline/results.js';
import { listPulled } from '../plan/release-repositories.js';
import type { InstallationTarget } from '../registry/installation.js';
import { verifyInstallation, type JudgedTarget } from '../registry/verify-installation.js';
import {
  installationTarget,
  requireInstallable,
  toProblems,
} from '../registry/judge-installation.js';
import { formatImageReference, parseImageReference } from '../registry/reference.js';
import { createAttestationCheck } from '../sign/attestations.js';
import { createSignatureCheck } from '../sign/check-image.js';

const UNTOUCHED =
  '`latest` and config.yaml were not touched. Once it is mended, `addon-release resume` goes on from here.';

type Inputs = Pick<Results, 'plan' | 'settings' | 'pushed' | 'index'>;

/** Each image by its name, and by each other one that leads to it: in the index, and old names. */
function listTargets({ plan, pushed, index }: Inputs): {
  readonly targets: readonly InstallationTarget[];
  readonly others: readonly InstallationTarget[];
} {
  const describe = (named: readonly { readonly arch: Arch; readonly repository: string }[]) =>
    named.flatMap(({ arch, repository }) => {
      const image = pushed.find((one) => one.arch === arch);
      if (image === undefined) return [];
      const target = installationTarget(repository, plan.version, arch, platformOf(arch));
      return [{ ...target, expectedConfig: image.configDigest }];
    });
  const { current, old } = listPulled(plan.architectures);
  const beside = current
    .filter(({ repository }) => repository !== index.repository)
    .map(({ arch }) => ({ arch, repository: index.repository }));
  return { targets: describe(current), others: describe([...beside, ...old]) };
}

/**
 * Proves that the registry serves what was tested, and that those get it who have no login: the Supervisor has none
 * unless its user gave it one.
 */
async function verifyRelease(
  inputs: Inputs,
  { registry, emit, signal }: StepContext,
): Promise<readonly string[]> {
  const { plan, settings, index } = inputs;
  const name = `${plan.slug} ${plan.version}`;
  const reader = settings.private ? registry : registry.withoutLogin();
  const version = { ...parseImageReference(index.repository, 'addon'), tag: plan.version };
  const checks = [
    createSignatureCheck(settings.sign, signal),
    createAttestationCheck(settings.attest, reader, version),
  ];
  const tellJudged = (login: boolean) => (judged: JudgedTarget) => {
    const { target, ...rest } = judged;
    const reference = formatImageReference(target.reference);
    emit({
      type: 'fact',
      fact: { kind: 'verification', arch: target.arch, reference, login, ...rest },
    });
  };
  const named = listTargets(inputs);
  const inside = await verifyInstallation({
    ...named,
    client: registry,
    insider: undefined,
    checks: settings.private ? checks : [],
    onJudged: tellJudged(true),
  });
  requireInstallable(inside, 'the registry serves something else than was tested', UNTOUCHED);
  const outside = settings.private
    ? inside
    : await verifyInstallation({
        ...named,
        client: reader,
        insider: registry,
        checks,
        onJudged: tellJudged(false),
      });
  requireInstallable(outside, `${name} can't be installed by those it is for`, UNTOUCHED);
  for (const { message } of toProblems(outside)) {
    emit({ type: 'notice', level: 'warning', message });
  }
  if (settings.private) {
    const message = `the settings say that ${plan.indexRepository ?? name} is private: it was verified with this machine's login, and its users need one too`;
    emit({ type: 'notice', level: 'info', message });
  }
  return outside.architectures.map(({ reference, platform }) => `${reference} ${platform}`);
}

/** Reads the version back from the registry, as an installation would. */
export const verifyReleaseStep = defineStep({
  id: 'verified',
  title: 'Verify what the registry serves',
  needs: ['plan', 'settings', 'pushed', 'index', 'versioned'],
  tools: ['registry'],
  run: async (inputs, context) => ({ references: await verifyRelease(inputs, context) }),
  summarize: ({ references }) => `${references.length} images are the tested ones`,
});
