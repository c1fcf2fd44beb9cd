import { describe, expect, test } from 'vitest';
import { ARCHES } from '../../../src/addon/arch.js';
import { AddonReleaseError } from '../../../src/errors.js';
import {
  chooseImageNames,
  localImage,
  type ImageNameOptions,
} from '../../../src/plan/image-names.js';

const NOTHING: ImageNameOptions = { configured: undefined, image: undefined, registry: undefined };

function names(options: Partial<ImageNameOptions>) {
  const chosen = chooseImageNames({ ...NOTHING, ...options });
  if (chosen === undefined) throw new Error('no name was chosen');
  return { perArch: chosen.perArch?.('armv7'), index: chosen.index };
}

function refusal(options: Partial<ImageNameOptions>): AddonReleaseError {
  try {
    chooseImageNames({ ...NOTHING, ...options });
  } catch (error) {
    if (error instanceof AddonReleaseError) return error;
    throw error;
  }
  throw new Error('the name was accepted');
}

describe('chooseImageNames', () => {
  test('has nothing to say without a name', () => {
    expect(chooseImageNames({ ...NOTHING, registry: 'ghcr.io' })).toBeUndefined();
  });

  test('knows old names of architectures, on the same registry', () => {
    const options = { configured: 'ghcr.io/owner/new', also: ['ghcr.io/owner/{arch}-old'] };
    const aliases = (changes: Partial<ImageNameOptions>) =>
      chooseImageNames({ ...NOTHING, ...options, ...changes })?.aliases('armv7');
    expect(aliases({})).toEqual(['ghcr.io/owner/armv7-old']);
    expect(aliases({ registry: 'localhost:5000' })).toEqual(['localhost:5000/owner/armv7-old']);
    expect(aliases({ image: 'ghcr.io/somebody/else' })).toEqual([]);
    expect(aliases({ configured: 'ghcr.io/owner/{arch}-old' })).toEqual([]);
    expect(refusal({ ...options, also: ['UPPER/{arch}'] }).message).toContain('also');
  });

  test('keeps one repository for a name without {arch}', () => {
    expect(names({ configured: 'ghcr.io/owner/example' })).toEqual({
      perArch: undefined,
      index: 'ghcr.io/owner/example',
    });
  });

  test.each([
    ['ghcr.io/owner/{arch}-example', 'ghcr.io/owner/armv7-example', 'ghcr.io/owner/example'],
    ['ghcr.io/owner/example-{arch}', 'ghcr.io/owner/example-armv7', 'ghcr.io/owner/example'],
    ['ghcr.io/owner/example_{arch}', 'ghcr.io/owner/example_armv7', 'ghcr.io/owner/example'],
    ['ghcr.io/owner/{arch}/example', 'ghcr.io/owner/armv7/example', 'ghcr.io/owner/example'],
    ['ghcr.io/owner/example/{arch}', 'ghcr.io/owner/example/armv7', 'ghcr.io/owner/example'],
    ['ghcr.io/owner/a-{arch}-b', 'ghcr.io/owner/a-armv7-b', 'ghcr.io/owner/a-b'],
    ['ghcr.io/owner/{arch}--b', 'ghcr.io/owner/armv7--b', 'ghcr.io/owner/b'],
    ['ghcr.io/{arch}/{arch}-example', 'ghcr.io/armv7/armv7-example', 'ghcr.io/example'],
    ['owner/{arch}-example', 'docker.io/owner/armv7-example', 'docker.io/owner/example'],
  ])('makes of %s per-architecture names and one for the index', (configured, perArch, index) => {
    expect(names({ configured })).toEqual({ perArch, index });
  });

  test('names every architecture by its Home Assistant name', () => {
    const chosen = chooseImageNames({ ...NOTHING, configured: 'ghcr.io/o/{arch}-x' });
    expect(ARCHES.map((arch) => chosen?.perArch?.(arch))).toEqual([
      'ghcr.io/o/aarch64-x',
      'ghcr.io/o/amd64-x',
      'ghcr.io/o/armhf-x',
      'ghcr.io/o/armv7-x',
      'ghcr.io/o/i386-x',
    ]);
  });

  test.each([
    ['example', 'docker.io/example'],
    ['owner/example', 'docker.io/owner/example'],
    ['ghcr.io/owner/example', 'ghcr.io/owner/example'],
    ['localhost/owner/example', 'localhost/owner/example'],
    ['localhost:5000/owner/example', 'localhost:5000/owner/example'],
    ['registry:5000/owner/example', 'registry:5000/owner/example'],
    ['[::1]:5000/owner/example', '[::1]:5000/owner/example'],
    ['127.0.0.1:5000/owner/example', '127.0.0.1:5000/owner/example'],
    ['ghcr.io/owner/deep/er__name--x.y', 'ghcr.io/owner/deep/er__name--x.y'],
  ])('takes %s for %s', (configured, index) => {
    expect(names({ configured }).index).toBe(index);
  });

  test('--image replaces the whole name', () => {
    expect(names({ configured: 'ghcr.io/owner/{arch}-a', image: 'quay.io/other/b' })).toEqual({
      perArch: undefined,
      index: 'quay.io/other/b',
    });
  });

  test.each([
    ['ghcr.io/owner/{arch}-a', 'localhost:5000', 'localhost:5000/owner/armv7-a'],
    ['owner/{arch}-a', 'quay.io', 'quay.io/owner/armv7-a'],
    ['{arch}-a', 'quay.io', 'quay.io/armv7-a'],
  ])('--registry replaces the host of %s', (configured, registry, perArch) => {
    expect(names({ configured, registry }).perArch).toBe(perArch);
  });

  test('--registry applies to --image too', () => {
    expect(names({ image: 'ghcr.io/owner/a', registry: 'quay.io:444' }).index).toBe(
      'quay.io:444/owner/a',
    );
  });

  test.each([
    ['ghcr.io/owner/example:1.0', 'it has a tag or digest'],
    [`ghcr.io/owner/example@sha256:${'0'.repeat(64)}`, 'it has a tag or digest'],
    ['ghcr.io/owner//example', 'a part is empty'],
    ['ghcr.io/owner/', 'a part is empty'],
    ['', 'a part is empty'],
    ['ghcr.io/Owner/example', `"Owner" has characters a name can't have`],
    ['ghcr.io/owner/exam ple', `"exam ple" has characters a name can't have`],
    ['ghcr.io/owner/example-', `"example-" has characters a name can't have`],
    ['ghcr.io/owner/-example', `"-example" has characters a name can't have`],
    ['ghcr.io/owner/a..b', `"a..b" has characters a name can't have`],
    ['ghcr.io/owner/../b', `".." has characters a name can't have`],
    ['https://ghcr.io/owner/example', '"https:" is not a registry host'],
    ['ghcr.io:port/owner/example', '"ghcr.io:port" is not a registry host'],
    ['ghcr..io/owner/example', '"ghcr..io" is not a registry host'],
    ['ghcr.io/owner/{machine}-example', '{arch} is the only placeholder'],
    ['ghcr.io/owner/{arch-example', '{arch} is the only placeholder'],
    ['ghcr.io/{arch}', 'nothing is left of it without {arch}'],
  ])('refuses %j: %s', (image, why) => {
    const error = refusal({ image });
    expect(error.failure).toBe('usage');
    expect(error.message).toContain(why);
    expect(error.hint).toContain('ghcr.io/OWNER/{arch}-NAME');
  });

  test("says whether the flag or the add-on's file is wrong", () => {
    expect(refusal({ image: 'a:1' }).message).toMatch(/^--image "a:1"/);
    expect(refusal({ configured: 'a:1' }).message).toMatch(/^config\.yaml's image "a:1"/);
  });

  test.each(['', 'ghcr.io/owner', 'https://ghcr.io', 'gh cr.io', 'ghcr.io:', 'word'])(
    'refuses --registry %j',
    (registry) => {
      const error = refusal({ configured: 'owner/example', registry });
      expect(error.failure).toBe('usage');
      expect(error.message).toContain('is not a registry host');
      expect(error.hint).toContain('localhost:5000');
    },
  );
});

describe('localImage', () => {
  test.each([
    ['example', 'local/amd64-addon-example:1.0'],
    ['my_addon', 'local/amd64-addon-my-addon:1.0'],
    ['My.Addon', 'local/amd64-addon-my-addon:1.0'],
    ['_x_', 'local/amd64-addon-x:1.0'],
    ['__', 'local/amd64-addon-addon:1.0'],
  ])('names the image of slug %s', (slug, name) => {
    expect(localImage(slug, 'amd64', '1.0')).toBe(name);
  });
});
