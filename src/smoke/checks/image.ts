import { describeArch } from '../../addon/arch.js';
import type { SmokeCheck } from '../check.js';
import { failed, passed, warning } from '../report.js';

/** The Supervisor compares exactly this after a pull, and pulls again for ever when it is wrong. */
export const platformCheck: SmokeCheck = {
  id: 'platform',
  title: 'the image says the right platform',
  run: ({ candidate }) => {
    const { os, architecture, variant } = candidate.image;
    const facts = describeArch(candidate.arch);
    const found = [os, architecture, variant].filter(Boolean).join('/');
    const right =
      os === 'linux' &&
      architecture === facts.ociArchitecture &&
      (facts.ociVariant === undefined || variant === facts.ociVariant);
    return Promise.resolve(
      right
        ? passed(found)
        : failed(
            `the image says ${found}, not ${facts.platform}`,
            'Build the final stage for the target platform: remove --platform from its FROM.',
          ),
    );
  },
};

const EXPECTED_TYPES = new Set(['app', 'addon']);

export const labelsCheck: SmokeCheck = {
  id: 'labels',
  title: 'the io.hass labels are right',
  run: ({ candidate, version }) => {
    const { labels } = candidate.image;
    const expected = { 'io.hass.version': version, 'io.hass.arch': candidate.arch };
    const wrong = Object.entries(expected).filter(([key, value]) => labels[key] !== value);
    if (wrong.length > 0) {
      const found = wrong.map(([key, value]) => `${key} is "${labels[key] ?? ''}", not "${value}"`);
      return Promise.resolve(
        failed(found.join('; '), 'Remove LABEL instructions for io.hass.* from the Dockerfile.'),
      );
    }
    const type = labels['io.hass.type'] ?? '';
    return Promise.resolve(
      EXPECTED_TYPES.has(type)
        ? passed(`${type} ${version} for ${candidate.arch}`)
        : warning(
            `io.hass.type is "${type}"`,
            'Remove io.hass.type from the labels in build.yaml, or set it to "app".',
          ),
    );
  },
};
