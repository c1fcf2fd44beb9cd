import { platformOf } from '../addon/arch.js';
import { AddonReleaseError } from '../errors.js';
import type { Problem } from '../problem.js';
import { defineStep } from '../pipeline/step.js';
import { inspectImage } from '../registry/inspect.js';
import { isSamePlatform, parsePlatform } from '../registry/platform.js';
import { parseImageReference } from '../registry/reference.js';

/** Reads the version back from the registry and proves that it is what was tested. */
export const verifyReleaseStep = defineStep({
  id: 'verified',
  title: 'Verify what the registry serves',
  needs: ['plan', 'pushed', 'index', 'versioned'],
  tools: ['registry'],
  run: async ({ plan, pushed, index }, { registry }) => {
    const problems: Problem[] = [];
    const references: string[] = [];
    for (const { arch, repository, configDigest } of pushed) {
      const platform = parsePlatform(platformOf(arch));
      for (const name of new Set([repository, index.repository])) {
        const reference = `${name}:${plan.version}`;
        const found = await inspectImage(
          registry,
          parseImageReference(reference, 'addon'),
          platform,
        );
        references.push(`${reference} ${platformOf(arch)}`);
        const wrong = (message: string) => {
          problems.push({ severity: 'error', message: `${reference} for ${arch}: ${message}` });
        };
        if (found.configDigest !== configDigest) {
          wrong(`it is ${found.configDigest}, but ${configDigest} was tested`);
        }
        if (!isSamePlatform(found.config, platform)) {
          wrong(`its configuration says ${found.config.os}/${found.config.architecture}`);
        }
      }
    }
    if (problems.length > 0) {
      throw new AddonReleaseError(
        'verification',
        'the registry serves something else than was tested',
        {
          problems,
          hint: 'Somebody else pushed the same version meanwhile? `latest` and config.yaml were not touched.',
        },
      );
    }
    return { references };
  },
  summarize: ({ references }) => `${references.length} images are the tested ones`,
});
