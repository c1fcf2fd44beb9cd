import type { ImageFile } from '../../plan/image-contents.js';
import { formatSize, sumBytes } from '../context/build-context.js';
import type { Rule } from '../rule.js';
import { sumDownload, sumUnpacked, type ImageSubject } from './subject.js';

function measure({ contents }: ImageSubject): { readonly bytes: number; readonly kind: string } {
  const download = sumDownload(contents);
  return download === undefined
    ? { bytes: sumUnpacked(contents), kind: 'unpacked' }
    : { bytes: download, kind: 'to download' };
}

const imageBudget: Rule<ImageSubject> = {
  id: 'image-budget',
  severity: 'error',
  summary: 'The image is larger than its budget',
  why: 'Every user downloads it with every update, and small machines have little room.',
  remedy: 'Take something out, or raise `lint: budget:` in addon-release.yaml.',
  fixable: false,
  *check(subject) {
    const { reference, arch, budgetBytes } = subject;
    const { bytes, kind } = measure(subject);
    if (budgetBytes === undefined || bytes <= budgetBytes) return;
    yield {
      file: reference,
      message: `${arch}: ${formatSize(bytes)} ${kind} are more than the budget of ${formatSize(budgetBytes)}`,
    };
  },
};

/** Growth that is worth a word. */
const GROWTH = 0.1;

const imageGrown: Rule<ImageSubject> = {
  id: 'image-grown',
  severity: 'note',
  summary: 'The image is much larger than the one before',
  why: 'A new dependency or a forgotten file is cheapest to find in the release that brought it.',
  remedy: 'Look at the largest packages and layers that are new.',
  fixable: false,
  *check({ reference, arch, contents, previous }) {
    const bytes = sumDownload(contents);
    if (previous === undefined || bytes === undefined) return;
    const growth = bytes / Math.max(1, previous.downloadBytes) - 1;
    if (growth <= GROWTH) return;
    const percent = Math.round(growth * 100);
    yield {
      file: reference,
      message: `${arch}: ${formatSize(bytes)} to download, ${percent} % more than the ${formatSize(previous.downloadBytes)} of ${previous.reference}`,
    };
  },
};

interface Cache {
  readonly name: string;
  readonly pattern: RegExp;
}

const CACHES: readonly Cache[] = [
  { name: 'apt packages', pattern: /^\/var\/cache\/apt\/(?:archives\/.*\.deb|.*\.bin)$/ },
  { name: 'apt lists', pattern: /^\/var\/lib\/apt\/lists\/(?!lock$|.*\/lock$)/ },
  { name: 'apk packages', pattern: /^\/(?:var\/cache|etc)\/apk\/(?:cache\/)?.*\.(?:apk|tar\.gz)$/ },
  { name: 'pip cache', pattern: /^\/(?:root|home\/[^/]+)\/\.cache\/pip\// },
  { name: 'uv cache', pattern: /^\/(?:root|home\/[^/]+)\/\.cache\/uv\// },
  { name: 'Poetry cache', pattern: /^\/(?:root|home\/[^/]+)\/\.cache\/pypoetry\// },
  { name: 'npm cache', pattern: /^\/(?:root|home\/[^/]+)\/\.npm\/_/ },
  {
    name: 'yarn cache',
    pattern: /^\/(?:usr\/local\/share|root|home\/[^/]+)\/\.cache\/yarn\/|\/\.yarn\/berry\/cache\//,
  },
  { name: 'cargo registry', pattern: /^\/(?:usr\/local\/cargo|root\/\.cargo)\/registry\// },
  { name: 'Go modules', pattern: /^\/(?:root\/)?go\/pkg\/mod\/|^\/root\/\.cache\/go-build\// },
  { name: 'temporary files', pattern: /^\/(?:var\/)?tmp\// },
];

/** Less is not worth a word: apt leaves empty folders, and pip an empty index. */
const MIN_CACHE_BYTES = 200_000;

const imageCaches: Rule<ImageSubject> = {
  id: 'image-caches',
  severity: 'warning',
  summary: 'Caches of package managers are in the image',
  why: 'Nothing at run time reads them, and every user downloads them.',
  remedy: 'Mount them as caches for the build: `RUN --mount=type=cache,…`.',
  fixable: false,
  *check({ reference, contents }) {
    for (const { name, pattern } of CACHES) {
      const files = contents.files.filter(({ path }) => pattern.test(path));
      const bytes = sumBytes(files);
      const [first] = files;
      if (first === undefined || bytes < MIN_CACHE_BYTES) continue;
      yield {
        file: reference,
        message: `${name}: ${formatSize(bytes)} in ${files.length} ${files.length === 1 ? 'file' : 'files'}, such as ${first.path}`,
      };
    }
  },
};

const MIN_HIDDEN_BYTES = 1_000_000;

function largest(files: readonly ImageFile[]): ImageFile | undefined {
  return files.toSorted((a, b) => b.bytes - a.bytes)[0];
}

const imageDeletedFiles: Rule<ImageSubject> = {
  id: 'image-deleted-files',
  severity: 'warning',
  summary: 'Layers hold files that later layers remove or replace',
  why: 'Removing a file in a later instruction hides it; it is downloaded and stored all the same.',
  remedy: 'Remove files in the instruction that makes them, or make them in a stage of their own.',
  fixable: false,
  *check({ reference, contents }) {
    const bytes = sumBytes(contents.hidden);
    const first = largest(contents.hidden);
    if (first === undefined || bytes < MIN_HIDDEN_BYTES) return;
    const count = contents.hidden.length;
    yield {
      file: reference,
      message: `${formatSize(bytes)} in ${count} ${count === 1 ? 'file' : 'files'} that later layers hide, the largest ${first.path} (${formatSize(first.bytes)})`,
    };
  },
};

export const SIZE_RULES: readonly Rule<ImageSubject>[] = [
  imageBudget,
  imageGrown,
  imageCaches,
  imageDeletedFiles,
];
