import { describe, expect, test } from 'vitest';
import { ARCHES, describeArch, type Arch } from '../../../src/addon/arch.js';
import { findVariant } from '../../../src/smoke/elf-variants.js';

function variantOf(path: string, file: Arch, image: Arch, ownPaths: readonly string[]) {
  return findVariant(path, describeArch(file).elf.machine, image, ownPaths);
}

describe('findVariant', () => {
  const builds = '/app/node_modules/@serialport/bindings-cpp/prebuilds';
  const own: Readonly<Record<Arch, string>> = {
    aarch64: `${builds}/linux-arm64/@serialport+bindings-cpp.armv8.glibc.node`,
    amd64: `${builds}/linux-x64/@serialport+bindings-cpp.glibc.node`,
    armhf: `${builds}/linux-arm/@serialport+bindings-cpp.armv6.glibc.node`,
    armv7: `${builds}/linux-arm/@serialport+bindings-cpp.armv7.glibc.node`,
    i386: `${builds}/linux-ia32/@serialport+bindings-cpp.glibc.node`,
  };
  const pairs = ARCHES.flatMap((file) => ARCHES.map((image) => [file, image] as const)).filter(
    ([file, image]) => describeArch(file).elf.machine !== describeArch(image).elf.machine,
  );
  test.each(pairs)('finds the build beside the one for %s that %s loads', (file, image) => {
    expect(variantOf(own[file], file, image, ['/usr/bin/node', own[image]])).toBe(own[image]);
  });

  test('finds files whose own names tell the processor', () => {
    const file = '/opt/tool/binding.linux-x64-gnu.node';
    const other = '/opt/tool/binding.linux-arm64-gnu.node';
    expect(variantOf(file, 'amd64', 'aarch64', [other])).toBe(other);
  });

  test('finds builds in folders of a compiler triple', () => {
    const file = '/app/vendor/x86_64-unknown-linux-musl/bin/rg';
    const other = '/app/vendor/aarch64-unknown-linux-musl/bin/rg';
    expect(variantOf(file, 'amd64', 'aarch64', [other])).toBe(other);
  });

  test('finds the build that was compiled because none was shipped', () => {
    const compiled = '/app/node_modules/@serialport/bindings-cpp/build/Release/bindings.node';
    expect(variantOf(own.amd64, 'amd64', 'i386', ['/usr/bin/node', compiled])).toBe(compiled);
  });

  test.each([
    ['the build of another package', own.amd64, ['/app/node_modules/usb/build/Release/usb.node']],
    ['no build for this architecture beside it', `${builds}/linux-x64/a.node`, [own.armv7]],
    ['one elsewhere only', '/opt/x64/tool', ['/srv/arm64/tool']],
    ['a name that tells nothing', '/usr/bin/jq', ['/usr/bin/arm64']],
    ['a name that tells another processor', '/opt/mips/tool', ['/opt/arm64/tool']],
    [
      'a folder of the system',
      '/usr/lib/x86_64-linux-gnu/a.so',
      ['/usr/lib/aarch64-linux-gnu/a.so'],
    ],
    ['a folder of the system beside others', '/opt/x64/a.so', ['/opt/aarch64-linux-gnu/a.so']],
  ])('does not excuse %s', (_name, path, ownPaths) => {
    expect(variantOf(path, 'amd64', 'aarch64', ownPaths)).toBeUndefined();
  });
});
