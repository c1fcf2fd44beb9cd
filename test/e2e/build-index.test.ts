import { chmod, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { atEndOfTest, BASE_MIRROR, runCli } from '../helpers/cli.js';
import { expectTidyEnd } from '../helpers/expect-run.js';
import { copyFixture } from '../helpers/fixture-addon.js';
import { askDocker, listLocalImages } from '../helpers/local-engine.js';

const SECRET = 'correct-horse-battery';

/** What containers reach this machine by. */
async function hostAddress(): Promise<string> {
  const format = '--format={{(index .IPAM.Config 0).Gateway}}';
  return askDocker(['network', 'inspect', 'bridge', format]);
}

/** A server that knows every package and writes down what it is asked for, with which login. */
async function startIndex() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const login = request.headers.authorization?.replace('Basic ', '') ?? '';
    asked.push(`${request.url ?? ''} ${Buffer.from(login, 'base64').toString()}`.trim());
    response.end('package');
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  atEndOfTest(() => new Promise((resolve) => server.close(resolve)));
  return { asked, port: (server.address() as AddressInfo).port };
}

test('packages come from the index while the image is built, and nothing of it is in the image', async () => {
  const { asked, port } = await startIndex();
  const addon = await copyFixture('own-from');
  // Stand-ins that ask whom pip and npm would ask; apt is the real one.
  const scripts = {
    pip: 'curl -sSf "$(sed -n "s/^index-url = //p" /etc/pip.conf)example/" -o /package',
    npm: 'curl -sSf "$(sed -n "s/^registry=//p" /root/.npmrc)example" -o /npm-package && grep -q _auth= /root/.npmrc',
  };
  for (const [name, script] of Object.entries(scripts)) {
    const file = path.join(addon.folder, name);
    await writeFile(file, `#!/bin/sh\nset -e\n${script}\n`);
    await chmod(file, 0o755);
  }
  await writeFile(
    addon.dockerfile,
    [
      'FROM ghcr.io/home-assistant/base-debian:bookworm',
      'COPY pip npm /usr/local/bin/',
      'RUN pip install example',
      'RUN npm install example',
      'RUN apt-get -o Acquire::Retries=0 update || true',
      'RUN test ! -s /etc/pip.conf && test ! -s /root/.npmrc',
      '',
    ].join('\n'),
  );
  const host = await hostAddress();
  const env = { TEST_INDEX: `http://me:${SECRET}@${host}:${port}/all/` };
  const args = ['build', '--arch=amd64', '--no-cache', '--verbose', '--build-index=TEST_INDEX'];
  const end = await runCli([...args, ...BASE_MIRROR], { cwd: addon.folder, env });
  await expectTidyEnd(end, 0);
  expect(asked).toContain(`/all/example/ me:${SECRET}`);
  expect(asked).toContain('/all/example');
  expect(asked.some((request) => /\/dists\/.*Release/.test(request))).toBe(true);
  expect(end.stdout + end.stderr).not.toContain(SECRET);

  const [image = ''] = await listLocalImages(addon.localImages);
  const config = await askDocker(['image', 'inspect', image]);
  const history = await askDocker(['image', 'history', '--no-trunc', image]);
  const look = [
    'ls /etc/pip.conf /root/.npmrc /etc/apt/apt.conf.d/00addon-release-index 2>/dev/null',
    `grep -rls -e ${SECRET} -e ${host}:${port} /etc /root /usr/local /var /opt /package /npm-package`,
    'true',
  ].join('; ');
  const found = await askDocker(['run', '--rm', '--entrypoint=/bin/sh', image, '-c', look]);
  expect(found).toBe('');
  expect(config + history).not.toMatch(new RegExp(`${SECRET}|${host}:${port}`));
  expect(await askDocker(['run', '--rm', '--entrypoint=/bin/cat', image, '/package'])).toBe(
    'package',
  );
});
