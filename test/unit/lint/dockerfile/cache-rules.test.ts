import { describe, expect, test } from 'vitest';
import { CACHE_RULES } from '../../../../src/lint/dockerfile/cache-rules.js';
import { applyFixes, listFindings, makeSubject, show } from './support.js';

async function check(
  id: string,
  dockerfile: string,
  arches: readonly ('amd64' | 'armv7')[] = ['amd64', 'armv7'],
) {
  return listFindings(CACHE_RULES, id, makeSubject(dockerfile, { arches }));
}

describe('package-cache-missing', () => {
  test.each([
    ['apt-get update && apt-get install -y jq', '2:23', 'apt-get install'],
    ['apk add --no-cache jq', '2:5', 'apk add'],
    ['pip install -r requirements.txt', '2:5', 'pip install'],
    ['python3 -m pip install x==1', '2:5', 'python3 -m pip install'],
    ['uv sync --locked', '2:5', 'uv sync'],
    ['poetry install', '2:5', 'poetry install'],
    ['npm ci', '2:5', 'npm ci'],
    ['yarn install', '2:5', 'yarn install'],
    ['pnpm install', '2:5', 'pnpm install'],
    ['cargo build --release', '2:5', 'cargo build'],
    ['go mod download', '2:5', 'go mod download'],
  ])('finds %s', async (command, place, name) => {
    const [finding, ...others] = await check('package-cache-missing', `FROM x\nRUN ${command}\n`);
    expect(others).toEqual([]);
    expect(finding && show(finding)).toContain(
      `Dockerfile:${place} \`${name}\` has no cache mount`,
    );
  });

  test.each([
    'RUN --mount=type=cache,target=/root/.cache/pip pip install x',
    'RUN --mount=type=cache,target=/root/.cache pip install x',
    'ENV PIP_CACHE_DIR=/cache\nRUN --mount=type=cache,target=/cache pip install x',
    'RUN --mount=type=cache,dst=/var/cache/apk apk add x',
    'RUN --mount=type=cache,target=/usr/local/cargo/registry cargo fetch',
    'RUN pip install --no-index --find-links=/wheels x',
    'RUN npm run build && pip list && apt-get --version',
    'RUN echo "pip install x"',
  ])('accepts %s', async (lines) => {
    expect(await check('package-cache-missing', `FROM x\n${lines}\n`)).toEqual([]);
  });

  test('does not look at stages that are never built', async () => {
    const text = 'FROM x AS unused\nRUN npm ci\nFROM y\nRUN true\n';
    expect(await check('package-cache-missing', text)).toEqual([]);
  });

  test('warns where downloads stay in the image, and only there', async () => {
    const severities = async (command: string) =>
      (await check('package-cache-missing', `FROM x\nRUN ${command}\n`)).map(
        ({ severity }) => severity,
      );
    expect(await severities('pip install x')).toEqual(['warning']);
    expect(await severities('pip install --no-cache-dir x')).toEqual([undefined]);
    expect(await severities('apt-get install -y x && rm -rf /var/lib/apt/lists/*')).toEqual([
      undefined,
    ]);
    expect(await severities('npm ci && npm cache clean --force')).toEqual([undefined]);
    const builder = 'FROM x AS b\nRUN npm ci\nFROM y\nCOPY --from=b / /\n';
    expect((await check('package-cache-missing', builder)).map(({ severity }) => severity)).toEqual(
      [undefined],
    );
  });

  test('leaves a comment, or an order to a linter, at its instruction', async () => {
    const text = 'FROM x\n\n# hadolint ignore=DL3013\nRUN pip install x\n';
    const fixed = applyFixes(text, await check('package-cache-missing', text));
    expect(fixed).toContain('FROM x\nARG TARGETARCH\n\n# hadolint ignore=DL3013\nRUN --mount=');
  });

  test.each(['rm -rf /root/.cache /root/.npm', 'rm -rf ~/.npm/*', 'npm cache clean --force'])(
    'mounts nothing where %s would empty or fail to remove it',
    async (command) => {
      const text = `FROM x\nRUN npm ci && ${command}\n`;
      expect((await check('package-cache-missing', text)).map(({ fix }) => fix)).toEqual([
        undefined,
      ]);
    },
  );

  test.each([
    ['ghcr.io/hassio-addons/base:18.1.4', true],
    ['ghcr.io/home-assistant/base-python:3.13-alpine3.22', true],
    ['ghcr.io/home-assistant/amd64-base:3.22', true],
    ['ghcr.io/home-assistant/base-debian:bookworm', false],
    ['python:3.13-slim', false],
  ])('names the cache to pip where the base image %s switches it off', async (base, isOff) => {
    const text = `FROM ${base}\nRUN pip install --no-cache-dir x\n`;
    const fixed = applyFixes(text, await check('package-cache-missing', text));
    expect(fixed.includes('pip install --cache-dir=/root/.cache/pip x')).toBe(isOff);
    expect(await check('package-cache-defeated', fixed)).toEqual([]);
  });

  test.each([
    ['alpine:3.22', '/root/.cargo/registry', '/root/go/pkg/mod'],
    ['rust:1.90', '/usr/local/cargo/registry', '/go/pkg/mod'],
    ['golang:1.25', '/usr/local/cargo/registry', '/go/pkg/mod'],
  ])('on %s, cargo and go have their caches in %s and %s', async (base, cargo, go) => {
    const text = `FROM ${base}\nRUN cargo fetch\nRUN go mod download\n`;
    const hints = (await check('package-cache-missing', text)).map(({ hint }) => hint);
    expect(hints[0]).toContain(`target=${cargo} `);
    expect(hints[1]).toContain(`target=${go} `);
  });

  test('mounts a cache for --fix, with the architecture where that matters', async () => {
    const text = 'FROM x\nRUN pip install \\\n    --no-cache-dir x\nRUN npm ci\n';
    const fixed = applyFixes(text, await check('package-cache-missing', text));
    expect(fixed).toBe(
      'FROM x\nARG TARGETARCH\n' +
        'RUN --mount=type=cache,id=pip-${TARGETARCH},target=/root/.cache/pip pip install \\\n    x\n' +
        'RUN --mount=type=cache,target=/root/.npm npm ci\n',
    );
    expect(await check('package-cache-missing', fixed)).toEqual([]);
    expect(await check('package-cache-defeated', fixed)).toEqual([]);
    expect(await check('package-cache-architecture', fixed)).toEqual([]);
  });

  test('leaves users and moved caches to people', async () => {
    const user = await check('package-cache-missing', 'FROM x\nUSER app\nRUN npm ci\n');
    const moved = await check(
      'package-cache-missing',
      'FROM x\nENV PIP_CACHE_DIR=/c\nRUN pip install x\n',
    );
    expect([...user, ...moved].map(({ fix }) => fix)).toEqual([undefined, undefined]);
  });
});

describe('package-cache-defeated', () => {
  const PIP = 'RUN --mount=type=cache,target=/root/.cache/pip';

  test.each([
    [`${PIP} pip install --no-cache-dir x`, '2:60', '--no-cache-dir'],
    [`ENV PIP_NO_CACHE_DIR=1\n${PIP} pip install x`, '3:48', 'PIP_NO_CACHE_DIR'],
    [`${PIP} PIP_NO_CACHE_DIR=1 pip install x`, '2:48', 'PIP_NO_CACHE_DIR=1'],
    [`${PIP} pip install x && pip cache purge`, '2:65', 'pip cache purge'],
    [
      'RUN --mount=type=cache,target=/root/.npm npm ci && npm cache clean --force',
      '2:52',
      'npm cache clean',
    ],
    [
      'RUN --mount=type=cache,target=/var/lib/apt apt-get install x && rm -rf /var/lib/apt/lists/*',
      '2:65',
      'rm -rf /var/lib/apt/lists/*',
    ],
    ['RUN --mount=type=cache,target=/etc/apk/cache apk add --no-cache x', '2:54', '--no-cache'],
  ])('finds %s', async (lines, place, text) => {
    const findings = await check('package-cache-defeated', `FROM x\n${lines}\n`);
    expect(findings.map(show)).toEqual([expect.stringContaining(`Dockerfile:${place} `)]);
    expect(findings[0]?.message).toContain(text);
  });

  test('accepts a mount that is used, and clean-up of something else', async () => {
    const text = `FROM x\n${PIP} pip install x && rm -rf /tmp/build\nRUN pip install --no-cache-dir y\n`;
    expect(await check('package-cache-defeated', text)).toEqual([]);
  });

  test('removes the option for --fix', async () => {
    const text = `FROM x\n${PIP} pip install --no-cache-dir x\n`;
    expect(applyFixes(text, await check('package-cache-defeated', text))).toBe(
      `FROM x\n${PIP} pip install x\n`,
    );
  });
});

describe('package-cache-architecture', () => {
  test.each([
    ['--mount=type=cache,target=/var/cache/apt apt-get install x', 'apt keeps lists'],
    ['--mount=type=cache,target=/etc/apk/cache apk add x', "apk's file names"],
    ['--mount=type=cache,target=/root/.cache/pip pip install x', 'pip keeps the wheels'],
    ['--mount=type=cache,id=uv,target=/root/.cache/uv uv sync', 'uv keeps the wheels'],
    ['--mount=type=cache,target=/src/target cargo build', 'cargo keeps compiled objects'],
  ])('finds %s', async (run, reason) => {
    const text = `FROM x\nRUN ${run}\n`;
    const findings = await check('package-cache-architecture', text);
    expect(findings.map(show)).toEqual([
      expect.stringMatching(/^Dockerfile:2:5 .*all architectures/),
    ]);
    expect(findings[0]?.message).toContain(reason);
    const fixed = applyFixes(text, findings);
    expect(await check('package-cache-architecture', fixed)).toEqual([]);
    expect(fixed).toMatch(
      /^FROM x\nARG TARGETARCH\nRUN --mount=type=cache,id=[\w.-]+-\$\{TARGETARCH\},target=/,
    );
  });

  test.each([
    'ARG TARGETARCH\nRUN --mount=type=cache,id=a-$TARGETARCH,target=/root/.cache/pip pip install x',
    'ARG TARGETPLATFORM\nRUN --mount=type=cache,id=a-${TARGETPLATFORM},target=/var/cache/apt apt-get install x',
    'RUN --mount=type=cache,target=/root/.npm npm ci',
    'RUN --mount=type=cache,target=/go/pkg/mod go mod download',
    'RUN --mount=type=cache,target=/usr/local/cargo/registry cargo fetch',
  ])('accepts %s', async (lines) => {
    expect(await check('package-cache-architecture', `FROM x\n${lines}\n`)).toEqual([]);
  });

  test('accepts a stage of the build platform, and a single architecture', async () => {
    const run = 'RUN --mount=type=cache,target=/root/.cache/pip pip install x\n';
    const native = `FROM --platform=$BUILDPLATFORM x\n${run}`;
    expect(await check('package-cache-architecture', native)).toEqual([]);
    expect(await check('package-cache-architecture', `FROM x\n${run}`, ['amd64'])).toEqual([]);
  });

  test('finds an architecture that is not declared', async () => {
    const text = 'FROM x\nRUN --mount=type=cache,id=a-$TARGETARCH,target=/root/.npm npm ci\n';
    const findings = await check('package-cache-architecture', text);
    expect(findings[0]?.message).toContain('ARG TARGETARCH');
    expect(applyFixes(text, findings)).toContain('FROM x\nARG TARGETARCH\nRUN');
  });
});

describe('apt', () => {
  test('wants its cache locked', async () => {
    const text = 'FROM x\nRUN --mount=type=cache,target=/var/cache/apt apt-get install x\n';
    const findings = await check('apt-cache-unlocked', text);
    expect(findings.map(show)).toEqual([
      'Dockerfile:2:5 the apt cache on /var/cache/apt is not locked while in use',
    ]);
    const fixed = applyFixes(text, findings);
    expect(fixed).toContain('target=/var/cache/apt,sharing=locked apt-get');
    expect(await check('apt-cache-unlocked', fixed)).toEqual([]);
  });

  test('wants docker-clean out of the way', async () => {
    const mount = '--mount=type=cache,target=/var/cache/apt,sharing=locked';
    const findings = await check('apt-docker-clean', `FROM x\nRUN ${mount} apt-get install x\n`);
    expect(findings.map(show)).toEqual([
      'Dockerfile:2:61 docker-clean of Debian images empties the mounted apt cache after this command',
    ]);
    for (const before of [
      `RUN ${mount} rm -f /etc/apt/apt.conf.d/docker-clean && apt-get install x`,
      `RUN rm /etc/apt/apt.conf.d/docker-clean\nRUN ${mount} apt-get install x`,
      `RUN ${mount} echo 'Binary::apt::APT::Keep-Downloaded-Packages "1";' > /etc/apt/apt.conf.d/k; apt-get install x`,
      'RUN --mount=type=cache,target=/var/lib/apt/lists apt-get install x',
    ]) {
      expect(await check('apt-docker-clean', `FROM x\n${before}\n`)).toEqual([]);
    }
  });
});

describe('caches that are mounted in vain', () => {
  test.each([
    [
      'RUN --mount=type=cache,target=/root/.npm npm ci && rm -rf /root/.npm',
      '`rm -rf /root/.npm` cannot remove /root/.npm while it is mounted, and fails',
    ],
    [
      'RUN --mount=type=cache,target=/root/.cache/pip pip install x && rm -rf /root/.cache/*',
      '`rm -rf /root/.cache/*` cannot remove /root/.cache/pip while it is mounted, and fails',
    ],
    [
      'RUN --mount=type=cache,target=/root/.npm npm ci && rm -rf /root/.npm/*',
      '`rm -rf /root/.npm/*` empties the cache that is mounted on /root/.npm',
    ],
    [
      'RUN --mount=type=cache,target=/root/.cache/pip PIP_NO_CACHE_DIR=0 pip install x',
      '`PIP_NO_CACHE_DIR=0` keeps pip from using the cache',
    ],
    [
      'ENV PIP_NO_CACHE_DIR=off\nRUN --mount=type=cache,target=/root/.cache/pip pip install x',
      'PIP_NO_CACHE_DIR keeps pip from using the cache',
    ],
  ])('%s', async (lines, message) => {
    const findings = await check('package-cache-defeated', `FROM x\n${lines}\n`);
    expect(findings.map((finding) => finding.message).join()).toContain(message);
  });

  test('what is removed beside the mount does no harm', async () => {
    const text =
      'FROM x\nRUN --mount=type=cache,target=/var/cache/apt apt-get update && apt-get install -y jq && ' +
      'rm -rf /var/lib/apt/lists/*\n';
    expect(await check('package-cache-defeated', text)).toEqual([]);
  });

  test('a base image that switches the cache off', async () => {
    const text =
      'FROM ghcr.io/hassio-addons/base:18.1.4\nRUN --mount=type=cache,target=/root/.cache/pip pip install x\n';
    const found = await check('package-cache-defeated', text);
    expect(found.map(({ message }) => message)).toEqual([
      "the base image switches pip's cache off, so that the one that is mounted on /root/.cache/pip stays empty",
    ]);
    const fixed = applyFixes(text, found);
    expect(fixed).toContain('pip install --cache-dir=/root/.cache/pip x');
    expect(await check('package-cache-defeated', fixed)).toEqual([]);
  });
});
