import { describe, expect, it } from 'vitest';
import { measureWidth } from '../../../src/report/format.js';
import { renderTable, type SummaryRow } from '../../../src/report/table.js';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

const AARCH64: SummaryRow = {
  arch: 'aarch64',
  image: 'ghcr.io/example/aarch64-addon-example:1.2.3',
  digest: DIGEST,
  compressedBytes: 61_200_000,
  unpackedBytes: 158_000_000,
  buildSeconds: 83.04,
  emulated: true,
  cachedSteps: 2,
  totalSteps: 14,
  checksPassed: 9,
  checksFailed: 0,
  checksSkipped: 0,
  outcome: 'published',
};
const AMD64: SummaryRow = {
  ...AARCH64,
  arch: 'amd64',
  image: 'ghcr.io/example/amd64-addon-example:1.2.3',
  compressedBytes: 5_900_000,
  emulated: false,
  buildSeconds: 4,
  cachedSteps: 12,
  checksPassed: 8,
  checksFailed: 1,
  checksSkipped: 2,
  outcome: 'failed',
  note: 'the smoke test failed: it did not become healthy within 60 s, and then it ran on',
};
const ARMV7: SummaryRow = {
  arch: 'armv7',
  image: undefined,
  digest: undefined,
  emulated: true,
  outcome: 'failed',
  note: 'did \u001b[1mnot\u001b[0m build\nsee its log\n',
};

describe('renderTable', () => {
  it('gives each architecture a block of aligned lines in 80 columns', () => {
    expect(renderTable([AARCH64, AMD64, ARMV7]).split('\n')).toEqual([
      'aarch64  published  ghcr.io/example/aarch64-addon-example:1.2.3',
      '         sha256:0123456789ab  61.2 MB (158.0 MB unpacked)',
      '         83.0 s emulated, 2/14 cached  9 passed',
      'amd64    failed     ghcr.io/example/amd64-addon-example:1.2.3',
      '         sha256:0123456789ab  5.9 MB (158.0 MB unpacked)',
      '         4.0 s native, 12/14 cached    8 passed, 1 failed, 2 skipped',
      '         the smoke test failed: it did not become healthy within 60 s, and then',
      '         it ran on',
      'armv7    failed',
      '         did not build',
      '         see its log',
    ]);
  });

  it('gives each architecture a line where there is room', () => {
    expect(renderTable([AARCH64, ARMV7], 200).split('\n')).toEqual([
      'ARCH     RESULT     IMAGE                                        DIGEST               SIZE                         BUILD                         CHECKS',
      'aarch64  published  ghcr.io/example/aarch64-addon-example:1.2.3  sha256:0123456789ab  61.2 MB (158.0 MB unpacked)  83.0 s emulated, 2/14 cached  9 passed',
      'armv7    failed',
      '         did not build',
      '         see its log',
    ]);
  });

  it('leaves out columns that no architecture has', () => {
    const built: SummaryRow = { ...ARMV7, image: 'local/x:1', outcome: 'built', note: undefined };
    expect(renderTable([built])).toBe('ARCH   RESULT  IMAGE\narmv7  built   local/x:1');
  });

  it('shows sizes, times and steps as far as they are known', () => {
    const row = { arch: 'i386', image: undefined, digest: undefined, outcome: 'tested' } as const;
    expect(renderTable([{ ...row, emulated: false, compressedBytes: 1 }])).toContain('1 B');
    expect(renderTable([{ ...row, emulated: false, unpackedBytes: 1 }])).toContain('1 B unpacked');
    expect(renderTable([{ ...row, emulated: true, buildSeconds: 0 }])).toContain('0.0 s emulated');
    expect(renderTable([{ ...row, emulated: true, cachedSteps: 0, totalSteps: 3 }])).toContain(
      '0/3 cached',
    );
    expect(renderTable([{ ...row, emulated: true, checksFailed: 2 }])).toContain('2 failed');
  });

  it('keeps all text in 40 columns', () => {
    const lines = renderTable([AARCH64, AMD64], 40).split('\n');
    expect(lines).toContain('         ghcr.io/example/aarch64-addon-example:1.2.3');
    expect(
      lines.filter((line) => measureWidth(line) > 40).every((line) => line.includes('ghcr.io')),
    ).toBe(true);
  });

  it('is empty for no architecture', () => {
    expect(renderTable([])).toBe('');
  });
});
