import { expect, test } from 'vitest';
import { PublishedImages } from '../../../src/smoke/published-images.js';
import { standInFor } from '../../helpers/stand-in.js';

/** An engine that has what was pulled, and `local:1` from the start. */
const DOCKER = `
case "$1 $2" in
'image inspect')
  if [ "$3" != local:1 ] && ! [ -e "$HERE/$3" ]; then echo "Error: No such image: $3" >&2; exit 1; fi
  echo '[{"Id":"sha256:1","Os":"linux","Architecture":"arm64"}]' ;;
'pull --quiet')
  case "$4" in gone:*) echo 'manifest unknown' >&2; exit 1 ;; esac
  echo 'pulling' >>"$HERE/calls.log"
  sleep 0.1
  : >"$HERE/$4"
  echo 'pulled' >>"$HERE/calls.log" ;;
esac`;

const { signal } = new AbortController();

test('published images are pulled one after another, and what was not there before is removed', async () => {
  const { calls } = await standInFor('docker', DOCKER);
  const images = new PublishedImages();
  const found = await Promise.all([
    images.pull('app:1', 'linux/arm64', signal),
    images.pull('app:1', 'linux/amd64', signal),
    images.pull('local:1', 'linux/arm64', signal),
  ]);
  expect(found.map((image) => 'id' in image && image.id)).toEqual(Array(3).fill('sha256:1'));
  const pulls = (await calls()).filter((call) => !call.startsWith('image'));
  expect(pulls).toEqual(
    ['linux/arm64 app:1', 'linux/amd64 app:1', 'linux/arm64 local:1'].flatMap((what) => [
      `pull --quiet --platform=${what}`,
      'pulling',
      'pulled',
    ]),
  );
  await images.remove();
  await images.remove();
  expect((await calls()).filter((call) => call.startsWith('image rm'))).toEqual(['image rm app:1']);
});

test('what can not be pulled is told in the words of the engine', async () => {
  await standInFor('docker', DOCKER);
  const images = new PublishedImages();
  expect(await images.pull('gone:1', 'linux/amd64', signal)).toEqual({
    refused: 'manifest unknown',
  });
});

test('nothing is pulled for a run that was interrupted', async () => {
  const { calls } = await standInFor('docker', DOCKER);
  const reason = new Error('interrupted');
  const images = new PublishedImages();
  await expect(images.pull('app:1', 'linux/amd64', AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(await calls()).toEqual([]);
});
