import type { InstallableImage, InstallationFinding, InstallationTarget } from './installation.js';

/** Labels that name the release that an image belongs to. */
const RELEASE_LABELS = [
  'io.hass.version',
  'org.opencontainers.image.version',
  'org.opencontainers.image.revision',
] as const;

export interface FoundImage {
  readonly target: InstallationTarget;
  readonly image: InstallableImage;
}

/** An add-on that sets no labels has those of its base image, which say nothing about it. */
function ownLabels({ image }: FoundImage): Readonly<Record<string, string>> {
  return image.labels['io.hass.type'] === 'base' ? {} : image.labels;
}

/** Labels of two architectures that name different releases: one of them was overwritten, or never replaced. */
export function compareLabels(images: readonly FoundImage[]): readonly InstallationFinding[] {
  return RELEASE_LABELS.flatMap((label) => {
    const named = images.flatMap((found) => {
      const value = ownLabels(found)[label];
      return value === undefined ? [] : [{ ...found, value }];
    });
    const [first] = named;
    const other = named.find(({ value }) => value !== first?.value);
    if (first === undefined || other === undefined) return [];
    const all = named.map(({ target, value }) => `${target.arch} ${value}`).join(', ');
    return [
      {
        kind: 'mixed-labels' as const,
        severity: 'error' as const,
        arch: other.target.arch,
        reference: other.image.reference,
        message: `the architectures are of different releases: ${label} is ${all}`,
        hint: 'Release the version again for all architectures at once, under a new number.',
      },
    ];
  });
}

/** Labels that contradict the name by which the image is pulled. The Supervisor does not read them; people do. */
export function checkOwnLabels(found: FoundImage): readonly InstallationFinding[] {
  const { target, image } = found;
  const labels = ownLabels(found);
  const finding = (label: string, expected: string): readonly InstallationFinding[] => {
    const value = labels[label];
    if (value === undefined || value === expected) return [];
    return [
      {
        kind: 'other-labels',
        severity: 'warning',
        arch: target.arch,
        reference: image.reference,
        message: `${image.reference} says ${label}=${value}`,
        hint: `An image for ${target.arch} and this version would say ${expected}.`,
      },
    ];
  };
  return [
    ...finding('io.hass.version', target.reference.tag),
    ...finding('io.hass.arch', target.arch),
  ];
}
