import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildOnce } from '../../../src/dev/build-once.js';
import { DevConsole } from '../../../src/dev/dev-console.js';
import { describeIndexes } from '../../../src/plan/build-index.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { standInFor } from '../../helpers/stand-in.js';

/** An engine that answers, and on which no build succeeds. */
const DOCKER = `
case "$1 $2" in
'buildx bake') env >"$HERE/environment"; exit 1 ;;
'image inspect') echo "Error: No such image: $3" >&2; exit 1 ;;
'info --format') echo '{"ServerVersion":"26.1.5"}' ;;
esac`;

test('packages come from the index, and the Dockerfile stays as it is', async () => {
  const { folder } = await standInFor('docker', DOCKER);
  const dockerfile = join(folder, 'Dockerfile');
  const content = 'FROM debian:12\nRUN npm ci\n';
  await writeFile(dockerfile, content);
  const plan = samplePlan({ arches: ['amd64'], folder });
  const building = buildOnce({
    plan: { ...plan, architectures: plan.architectures.map((arch) => ({ ...arch, dockerfile })) },
    secrets: describeIndexes([{ manager: 'npm', url: 'https://npm.example.org/' }]),
    runFolder: folder,
    console: new DevConsole({ write: () => undefined, color: false, verbose: false, quiet: true }),
    emit: () => undefined,
    signal: new AbortController().signal,
  });
  await expect(building).rejects.toMatchObject({ failure: 'build' });
  expect(await readFile(join(folder, 'Dockerfile.amd64'), 'utf8')).toContain(
    'RUN --mount=type=secret,id=addon-release-index-npm,target=/root/.npmrc,mode=0444 npm ci',
  );
  expect(await readFile(dockerfile, 'utf8')).toBe(content);
  expect(await readFile(join(folder, 'environment'), 'utf8')).toContain(
    'ADDON_RELEASE_INDEX_NPM=registry=https://npm.example.org/',
  );
});
