import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkCache } from '../../../src/engine/cache-check.js';
import { describeIndexes } from '../../../src/plan/build-index.js';
import { samplePlan } from '../../helpers/sample-plan.js';
import { standInFor } from '../../helpers/stand-in.js';

/** Keeps what each bake call gets: its definition, the Dockerfile that it names, and the secrets in its environment. */
const DOCKER = `
case "$1 $2" in
'buildx bake')
  round=$(($(cat "$HERE/round" 2>/dev/null || echo 0) + 1))
  echo $round >"$HERE/round"
  file=$(printf '%s\\n' "$@" | sed -n '/bake-.*json$/p' | sed 's/^--file=//')
  cp "$file" "$HERE/definition-$round"
  cp "$(sed -n 's/.*"dockerfile":"\\([^"]*\\)".*/\\1/p' "$file")" "$HERE/dockerfile-$round"
  env | grep ^ADDON_RELEASE_INDEX >"$HERE/secrets-$round" ;;
esac
exit 0`;

test('every build takes packages from the index, and its login is in no file and no command line', async () => {
  const standIn = await standInFor('docker', DOCKER);
  const folder = join(standIn.folder, 'addon');
  await mkdir(folder);
  await writeFile(join(folder, 'Dockerfile'), 'FROM debian:12\nCOPY app.py /\nRUN pip install x\n');
  await writeFile(join(folder, 'app.py'), 'print()\n');
  const plan = samplePlan({ arches: ['amd64'], folder });
  const [arch] = plan.architectures;
  if (arch === undefined) throw new Error('there is no architecture');
  const url = 'http://me:of-the-index@packages.example.org/';
  await checkCache({
    plan: { ...plan, architectures: [{ ...arch, dockerfile: join(folder, 'Dockerfile') }] },
    touch: 'app.py',
    secrets: describeIndexes([{ manager: 'pip', url }]),
    signal: new AbortController().signal,
    onBuild: () => undefined,
  });
  for (const round of ['1', '2', '3']) {
    const read = (name: string) => readFile(join(standIn.folder, `${name}-${round}`), 'utf8');
    expect(await read('dockerfile')).toContain(
      'RUN --mount=type=secret,id=addon-release-index-pip,target=/etc/pip.conf,mode=0444 pip install x',
    );
    const definition = await read('definition');
    expect(definition).toContain('type=env,id=addon-release-index-pip,env=ADDON_RELEASE_INDEX_PIP');
    expect(definition).toContain('type=cacheonly');
    expect(definition).not.toContain('of-the-index');
    expect(await read('secrets')).toContain('ADDON_RELEASE_INDEX_PIP=[global]');
  }
  expect((await standIn.calls()).join('\n')).not.toContain('of-the-index');
});
