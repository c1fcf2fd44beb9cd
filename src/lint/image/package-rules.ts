import { formatSize, sumBytes } from '../context/build-context.js';
import { isBuildOnlyPackage } from '../dockerfile/build-only.js';
import type { Rule } from '../rule.js';
import { listInstalledPackages, type InstalledPackage } from './installed-packages.js';
import { findUnusedPython } from './python-imports.js';
import type { ImageSubject } from './subject.js';

function describe(packages: readonly InstalledPackage[], count: number): string {
  const shown = packages
    .slice(0, count)
    .map(({ name, bytes }) => `${name} ${formatSize(bytes)}`)
    .join(', ');
  return packages.length > count ? `${shown} and ${packages.length - count} more` : shown;
}

/** In Debian's and Alpine's bases, and the compiler's own run-time parts. */
const NOT_BUILD_ONLY = /^(?:gcc-\d+-base|libgcc.*|linux-libc-dev-cross)$/;

const imageBuildPackages: Rule<ImageSubject> = {
  id: 'image-build-packages',
  severity: 'warning',
  summary: 'Packages are in the image that only its build needs',
  why: 'Compilers and headers are downloaded by every user with every update, and help an attacker.',
  remedy:
    'Install them in a stage of their own, and copy the result: https://docs.docker.com/build/building/multi-stage/',
  fixable: false,
  *check({ reference, contents }) {
    const packages = listInstalledPackages(contents).filter(
      ({ kind, name }) =>
        (kind === 'debian' || kind === 'alpine') &&
        isBuildOnlyPackage(name) &&
        !NOT_BUILD_ONLY.test(name),
    );
    if (packages.length === 0) return;
    yield {
      file: reference,
      message: `${formatSize(sumBytes(packages))} in ${packages.length} ${packages.length === 1 ? 'package' : 'packages'} that only a build needs: ${describe(packages, 6)}`,
    };
  },
};

/** A package that is a good part of the image. */
const HEAVY_BYTES = 10_000_000;

const imageHeavyPackages: Rule<ImageSubject> = {
  id: 'image-heavy-packages',
  severity: 'note',
  summary: 'Some packages are a large part of the image',
  why: 'They are the first place to look when an image should be smaller.',
  remedy: 'Ask of each whether the add-on needs it, or needs all of it.',
  fixable: false,
  *check({ reference, contents }) {
    const heavy = listInstalledPackages(contents).filter(
      ({ bytes, kind, name }) =>
        bytes >= HEAVY_BYTES && !(kind !== 'python' && isBuildOnlyPackage(name)),
    );
    if (heavy.length === 0) return;
    yield {
      file: reference,
      message: `the largest packages are ${describe(heavy, 8)}`,
    };
  },
};

const imageUnusedPython: Rule<ImageSubject> = {
  id: 'image-unused-python',
  severity: 'note',
  summary: 'Python packages are never imported',
  why: 'A package that is left in the list of requirements costs every user its download.',
  remedy:
    'Take it out of the requirements, unless something loads it by another way than an import.',
  fixable: false,
  *check({ reference, contents }) {
    const unused = findUnusedPython(contents, listInstalledPackages(contents)) ?? [];
    if (unused.length === 0) return;
    yield {
      file: reference,
      message: `neither the add-on's own code nor a package that it uses imports ${describe(unused, 6)}`,
    };
  },
};

export const PACKAGE_RULES: readonly Rule<ImageSubject>[] = [
  imageBuildPackages,
  imageHeavyPackages,
  imageUnusedPython,
];
