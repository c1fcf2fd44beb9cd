import { writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bake, readMetadata } from '../../../src/engine/buildx.js';
import { registerSecret } from '../../../src/exec/redact.js';
import type { SolveStatus } from '../../../src/engine/progress-records.js';
import { standInFor, type StandIn } from '../../helpers/stand-in.js';

function call({ folder }: StandIn, builder?: string) {
  const records: SolveStatus[] = [];
  const definitionFile = join(folder, 'bake.json');
  writeFileSync(definitionFile, '{"target": {"amd64": {"args": {"FEED": "correct-horse"}}}}');
  const end = bake({
    definitionFile,
    metadataFile: join(folder, 'metadata.json'),
    builder,
    directory: folder,
    signal: new AbortController().signal,
    onRecord: (record) => records.push(record),
  });
  return { end, records };
}

describe('bake', () => {
  test('asks for records and metadata, without attestations and questions', async () => {
    const standIn = await standInFor(
      'docker',
      'echo "{\\"vertexes\\": []}" >&2; pwd; env | grep ^BUILDX_ | sort >"$HERE/environment"',
    );
    const { end, records } = call(standIn, 'mine');
    expect(await end).toEqual({ exitCode: 0, text: [], errorLine: undefined });
    expect(records).toEqual([{ vertexes: [] }]);
    expect(await standIn.calls()).toEqual([
      `buildx bake --builder mine --file ${standIn.folder}/bake.json --metadata-file ${standIn.folder}/metadata.json --progress rawjson`,
    ]);
    expect(await standIn.calls()).toHaveLength(1);
  });

  test('leaves no secret behind, however it ends', async () => {
    registerSecret('correct-horse');
    const standIn = await standInFor('docker', 'cp "$HERE/bake.json" "$HERE/seen"; exit 1');
    await call(standIn).end;
    expect(await readFile(join(standIn.folder, 'seen'), 'utf8')).toContain('correct-horse');
    const left = await readFile(join(standIn.folder, 'bake.json'), 'utf8');
    expect(JSON.parse(left)).toEqual({ target: { amd64: { args: { FEED: '***' } } } });
  });

  test('takes the builder in use when none is named', async () => {
    const standIn = await standInFor('docker', 'true');
    await call(standIn).end;
    expect((await standIn.calls())[0]).not.toContain('--builder');
  });

  test('finds the line that the error message points at', async () => {
    const text = [
      'Dockerfile.armv7:12',
      '--------------------',
      '  12 | >>> RUN make',
      '--------------------',
      'ERROR: failed to solve',
    ];
    const standIn = await standInFor('docker', 'cat "$HERE/error" >&2; exit 1');
    await writeFile(join(standIn.folder, 'error'), `${text.join('\n')}\n`);
    const { end } = call(standIn);
    expect(await end).toEqual({ exitCode: 1, text, errorLine: 12 });
  });

  test('keeps the end of a long error message', async () => {
    const standIn = await standInFor('docker', 'seq 1 1000 >&2; exit 1');
    const { text } = await call(standIn).end;
    expect(text).toHaveLength(200);
    expect(text.at(-1)).toBe('1000');
  });
});

describe('readMetadata', () => {
  test('reads the digests of each target and leaves the rest', async () => {
    const { folder } = await standInFor('docker', 'true');
    const file = join(folder, 'metadata.json');
    const content = {
      'buildx.build.warnings': 'none',
      amd64: { 'containerimage.config.digest': 'sha256:1', 'containerimage.digest': 'sha256:2' },
      armv7: { 'buildx.build.ref': 'default/default/1' },
    };
    await writeFile(file, JSON.stringify(content));
    expect(await readMetadata(file)).toEqual(
      new Map([
        ['amd64', { configDigest: 'sha256:1', manifestDigest: 'sha256:2' }],
        ['armv7', { configDigest: undefined, manifestDigest: undefined }],
      ]),
    );
  });
});
