import { describe, expect, test } from 'vitest';
import {
  DOCKERFILE_REPOSITORY_RULES,
  DOCKERFILE_RULES,
} from '../../../../src/lint/dockerfile/rules.js';
import type { AddonSubject } from '../../../../src/lint/subject.js';
import { applyFixes, listFindings, makeSubject, show } from './support.js';

type Parts = Parameters<typeof makeSubject>[1];

async function check(id: string, lines: string, parts: Parts = {}) {
  return listFindings(DOCKERFILE_RULES, id, makeSubject(lines, parts));
}

/** A Dockerfile that the rule is silent about, with what it says about one that differs. */
async function places(id: string, lines: string, parts: Parts = {}) {
  return (await check(id, lines, parts)).map((finding) => show(finding));
}

test('every rule has facts of its own', () => {
  const all = [...DOCKERFILE_RULES, ...DOCKERFILE_REPOSITORY_RULES];
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  for (const { id, summary, why, remedy } of all) {
    expect(id).toMatch(/^[a-z]+(?:-[a-z]+)*$/);
    expect(summary).not.toMatch(/\.$/);
    expect(why).toMatch(/\.$/);
    expect(remedy.length).toBeGreaterThan(20);
  }
});

test.each([
  '',
  '# nothing\n',
  'RUN before FROM\n',
  'FROM\n',
  'FROM scratch',
  'FROM a AS\nCOPY\nRUN\nENV\nARG\nUSER\n',
  'from x\nrun [\n',
  'FROM x\nRUN <<EOF\napt-get install gcc\n',
  'FROM x\nONBUILD RUN pip install y\nHEALTHCHECK NONE\n',
])('no rule fails on %j', async (text) => {
  for (const { id } of DOCKERFILE_RULES) {
    expect(Array.isArray(await check(id, text))).toBe(true);
  }
});

describe('dependencies-after-sources', () => {
  const files = { 'src/app.py': '', 'requirements.txt': '', 'package.json': '{}' };

  test.each([
    ['COPY . .\nRUN pip install -r requirements.txt', 'pip install', 'the whole context'],
    ['COPY ./ /app/\nRUN npm ci', 'npm ci', 'the whole context'],
    ['COPY . .\nRUN go build ./...', 'go build', 'the whole context'],
    ['COPY src/ /src/\nRUN apk add jq', 'apk add', 'src'],
    [
      'ADD . /app\nRUN apt-get update && apt-get install jq',
      'apt-get install',
      'the whole context',
    ],
  ])('finds %j', async (lines, command, what) => {
    const found = await places('dependencies-after-sources', `FROM x\n${lines}\n`, { files });
    expect(found).toEqual([expect.stringMatching(/^Dockerfile:3:\d+ /)]);
    expect(found[0]).toContain(`\`${command}\``);
    expect(found[0]).toContain(`line 2 copies ${what} before it`);
  });

  test.each([
    'COPY requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . .',
    'COPY . .\nRUN pip install .',
    'COPY go.mod go.sum ./\nRUN go mod download\nCOPY . .\nRUN go build ./...',
    'COPY package.json .\nRUN apk add jq',
    'COPY --from=other . .\nRUN apk add jq',
    'COPY src/ /src/\nRUN pip install -r /src/requirements.txt',
  ])('accepts %j', async (lines) => {
    expect(await places('dependencies-after-sources', `FROM x\n${lines}\n`, { files })).toEqual([]);
  });
});

describe('build-tools-in-image', () => {
  test('finds compilers and headers of the last stage', async () => {
    expect(await places('build-tools-in-image', 'FROM x\nRUN apk add jq gcc musl-dev\n')).toEqual([
      'Dockerfile:2:16 gcc, musl-dev are needed by the build only, and stay in the image',
    ]);
    const inherited = 'FROM x AS base\nRUN apt-get install -y build-essential\nFROM base\n';
    expect(await places('build-tools-in-image', inherited)).toEqual([
      'Dockerfile:2:24 build-essential is needed by the build only, and stays in the image',
    ]);
  });

  test.each([
    'FROM x AS builder\nRUN apk add gcc\nFROM y\nCOPY --from=builder /a /a',
    'FROM x\nRUN apk add --virtual .build gcc && make && apk del .build',
    'FROM x\nRUN apt-get install -y gcc && make && apt-get purge -y gcc',
    'FROM x\nRUN apk add jq libstdc++ python3 gcc-12-base',
  ])('accepts %j', async (lines) => {
    expect(await places('build-tools-in-image', `${lines}\n`)).toEqual([]);
  });
});

describe('compiled-in-last-stage', () => {
  test.each([
    ['RUN go build -o /a .', 'leaves the compiler'],
    ['RUN cargo install --locked ripgrep', 'leaves the compiler'],
    ['RUN npm ci && npm run build', 'development dependencies'],
  ])('finds %j', async (lines, message) => {
    const found = await places('compiled-in-last-stage', `FROM x\n${lines}\n`);
    expect(found).toEqual([expect.stringContaining(message)]);
    expect(found[0]).toMatch(/^Dockerfile:2:5 /);
  });

  test.each([
    'FROM x\nRUN npm ci --omit=dev',
    'FROM x\nENV NODE_ENV=production\nRUN npm ci',
    'FROM x\nRUN npm ci && npm run build && npm prune --omit=dev',
    'FROM x AS b\nRUN npm ci && go build .\nFROM y',
    'FROM x AS b\nRUN npm ci && go build .\nFROM y\nCOPY --from=b /a /a',
    'FROM x\nRUN go version',
  ])('accepts %j', async (lines) => {
    expect(await places('compiled-in-last-stage', `${lines}\n`)).toEqual([]);
  });
});

describe('versions-unlocked', () => {
  test.each([
    ['pip install requests', '2:17', '`requests`'],
    ['pip install --upgrade pip "aiohttp>=3"', '2:31', '`aiohttp>=3`'],
    ['uv pip install --system flask', '2:29', '`flask`'],
    ['npm install', '2:5', '`npm install`'],
    ['npm install -g yarn', '2:20', '`yarn`'],
    ['npm ci', '2:5', 'package-lock.json'],
    ['yarn install', '2:5', 'yarn.lock'],
    ['pnpm install', '2:5', 'pnpm-lock.yaml'],
    ['uv sync', '2:5', 'uv.lock'],
    ['poetry install', '2:5', 'poetry.lock'],
    ['cargo build --release', '2:5', 'Cargo.lock'],
    ['go install example.org/x@latest', '2:16', '@latest'],
  ])('finds %j', async (command, place, text) => {
    const found = await places('versions-unlocked', `FROM x\nRUN ${command}\n`);
    expect(found).toEqual([expect.stringContaining(text)]);
    expect(found[0]).toContain(`Dockerfile:${place} `);
  });

  const LOCKED = {
    'package-lock.json': '{}',
    'poetry.lock': '',
    'requirements.txt': 'a==1\n# b\n-c x\n',
  };

  test.each([
    'pip install requests==2.1 pip setuptools',
    'pip install -r requirements.txt',
    'pip install . /wheels/x.whl git+https://example.org/x@v1',
    'pip install -c constraints.txt requests',
    'npm ci',
    'npm install -g yarn@1.22.0',
    'yarn install --immutable',
    'pnpm install --frozen-lockfile',
    'uv sync --locked',
    'poetry install',
    'cargo build --locked',
    'go build ./...',
    'apt-get install jq',
  ])('accepts %j', async (command) => {
    expect(
      await places('versions-unlocked', `FROM x\nRUN ${command}\n`, { files: LOCKED }),
    ).toEqual([]);
  });

  test('looks into the list of requirements', async () => {
    const files = { 'app/requirements.txt': 'aiohttp==3.9\n\n# note\nrequests>=2\nyarl\n' };
    const text =
      'FROM x\nCOPY app/requirements.txt /tmp/\nRUN pip install -r /tmp/requirements.txt\n';
    expect(await places('versions-unlocked', text, { files })).toEqual([
      'app/requirements.txt:4:1 no fixed version for requests, yarl',
    ]);
  });

  test('writes npm ci where there is a lock file', async () => {
    const text = 'FROM x\nRUN npm install --omit=dev\n';
    const findings = await check('versions-unlocked', text, { files: LOCKED });
    expect(applyFixes(text, findings)).toBe('FROM x\nRUN npm ci --omit=dev\n');
    expect((await check('versions-unlocked', text)).map(({ fix }) => fix)).toEqual([undefined]);
  });
});

describe('base images', () => {
  test.each([
    ['FROM debian', '1:6 debian has no tag'],
    ['FROM debian:latest', '1:6 debian:latest is whatever'],
    ['FROM localhost:5000/a/b', '1:6 localhost:5000/a/b has no tag'],
    ['ARG B=debian:latest\nFROM ${B}', '2:6 the default of ${B}: debian:latest'],
    ['FROM a:1\nCOPY --from=b/c:latest / /', '2:1 b/c:latest is whatever'],
  ])('finds latest in %j', async (lines, message) => {
    expect(await places('base-image-latest', lines)).toEqual([
      expect.stringContaining(`Dockerfile:${message}`),
    ]);
  });

  test.each([
    'FROM debian:12',
    'FROM scratch',
    'ARG B\nFROM $B',
    'FROM a:1 AS x\nFROM x',
    'FROM a@sha256:00',
  ])('accepts %j', async (lines) => {
    expect(await places('base-image-latest', lines)).toEqual([]);
  });

  test('finds latest in build.yaml', async () => {
    const buildConfig: NonNullable<AddonSubject['buildConfig']> = {
      file: '/addon/build.yaml',
      buildFrom: new Map([
        ['amd64', 'ghcr.io/home-assistant/amd64-base:latest'],
        ['aarch64', 'ghcr.io/home-assistant/aarch64-base:3.22'],
      ]),
      buildFromPositions: new Map([['amd64', { line: 2, column: 10 }]]),
      args: new Map(),
      labels: new Map(),
    };
    expect(
      await places('base-image-latest', 'ARG BUILD_FROM\nFROM $BUILD_FROM', { buildConfig }),
    ).toEqual([
      'build.yaml:2:10 amd64: ghcr.io/home-assistant/amd64-base:latest is whatever is newest on the day of the build',
    ]);
  });

  test('tells of tags without a digest, but for the bases of add-ons', async () => {
    expect(await places('base-image-moving', 'FROM python:3.12-slim')).toEqual([
      'Dockerfile:1:6 python:3.12-slim is named without a digest, so it can change between two builds',
    ]);
    const lines =
      'FROM ghcr.io/home-assistant/base:3.22 AS a\nFROM python:3@sha256:00\nCOPY --from=a / /';
    expect(await places('base-image-moving', lines)).toEqual([]);
  });
});

describe('secret-in-build', () => {
  test.each([
    ['ARG MQTT_PASSWORD', '2:5', 'build argument MQTT_PASSWORD'],
    ['ENV API_TOKEN=abc', '2:5', 'environment variable API_TOKEN'],
    ['ENV A=1 DB_PASSWORD=x', '2:9', 'DB_PASSWORD'],
    ['RUN git clone https://me:hunter2@example.org/x', '2:15', 'a URL with a password'],
    [`RUN curl -H "Authorization: ghp_${'a'.repeat(36)}" x`, '2:29', 'ghp_aaa…'],
    ['COPY .env /app/', '2:1', '.env is copied'],
    ['COPY keys/id_rsa /root/.ssh/', '2:1', 'keys/id_rsa is copied'],
  ])('finds %j', async (lines, place, text) => {
    const found = await places('secret-in-build', `FROM x\n${lines}\n`);
    expect(found).toEqual([expect.stringContaining(text)]);
    expect(found[0]).toContain(`Dockerfile:${place} `);
  });

  test.each([
    'ENV MQTT_PASSWORD=',
    'ENV TOKEN_FILE=/run/token KEYBOARD=de COMPASS=1',
    'ARG BUILD_VERSION',
    'RUN --mount=type=secret,id=token curl -H "$(cat /run/secrets/token)" https://example.org',
    'COPY .env.example /app/',
    'COPY certs/ca.pem /etc/ssl/',
    'RUN curl https://${USER}:${PASS}@example.org',
  ])('accepts %j', async (lines) => {
    expect(await places('secret-in-build', `FROM x\n${lines}\n`)).toEqual([]);
  });
});

describe('how the image runs', () => {
  test('wants a HEALTHCHECK', async () => {
    expect(await places('healthcheck-missing', 'FROM a AS b\nRUN x\nFROM c\n')).toEqual([
      expect.stringContaining('Dockerfile:3:1 the image has no HEALTHCHECK'),
    ]);
    expect(await places('healthcheck-missing', 'FROM a AS b\nHEALTHCHECK CMD x\nFROM b\n')).toEqual(
      [],
    );
  });

  test('tells of services that stay root', async () => {
    const base = 'FROM ghcr.io/home-assistant/base:3.22\n';
    expect(await places('runs-as-root', base)).toEqual(['Dockerfile:1:1 the service runs as root']);
    const run = 'rootfs/etc/services.d/x/run';
    expect(
      await places('runs-as-root', base, { files: { [run]: 'exec python3 -m x' } }),
    ).toHaveLength(1);
    expect(
      await places('runs-as-root', base, { files: { [run]: 'exec s6-setuidgid app x' } }),
    ).toEqual([]);
    expect(await places('runs-as-root', 'FROM x\nUSER app\n')).toEqual([]);
    expect(await places('runs-as-root', 'FROM x\nCMD ["gosu", "app", "x"]\n')).toEqual([]);
  });

  test.each([
    ['RUN chmod -R 777 /app', '2:14', '777'],
    ['RUN chmod a+rwx /app/run.sh', '2:11', 'a+rwx'],
    ['COPY --chmod=0666 x /app/x', '2:6', '0666'],
    ['RUN chmod o+w /x', '2:11', 'o+w'],
  ])('finds writable code in %j', async (lines, place, mode) => {
    expect(await places('writable-code', `FROM x\n${lines}\n`)).toEqual([
      expect.stringContaining(`Dockerfile:${place} mode ${mode} lets every user`),
    ]);
  });

  test.each([
    'RUN chmod 755 /x',
    'RUN chmod 1777 /tmp',
    'RUN chmod +x /x',
    'RUN chmod u+w,go-w /x',
    'COPY --chmod=644 a b',
  ])('accepts %j', async (lines) => {
    expect(await places('writable-code', `FROM x\n${lines}\n`)).toEqual([]);
    expect(await places('setuid-file', `FROM x\n${lines}\n`)).toEqual([]);
  });

  test('tells of code that its own user may change', async () => {
    expect(
      await places('writable-code', 'FROM x\nCOPY --chown=app:app src /app\nUSER app\n'),
    ).toEqual([
      'Dockerfile:2:6 app, whom the service runs as, may change the files that are copied here',
    ]);
    expect(await places('writable-code', 'FROM x\nCOPY --chown=app src /app\n')).toEqual([]);
  });

  test.each(['RUN chmod u+s /bin/x', 'RUN chmod 4755 /bin/x', 'COPY --chmod=2755 a b'])(
    'finds set-user-ID in %j',
    async (lines) => {
      expect(await places('setuid-file', `FROM x\n${lines}\n`)).toEqual([
        expect.stringMatching(/^Dockerfile:2:\d+ mode .* run with the rights/),
      ]);
    },
  );

  test('wants Python code compiled', async () => {
    const files = { 'app/a.py': '', 'app/b.py': '', 'tests/t.py': '' };
    const copy = 'FROM x\nCOPY app /app\n';
    expect(await places('bytecode-missing', copy, { files })).toEqual([
      'Dockerfile:2:1 2 Python files are compiled anew at every start of the add-on',
    ]);
    expect(
      await places('bytecode-missing', `${copy}RUN python3 -m compileall /app\n`, { files }),
    ).toEqual([]);
    expect(await places('bytecode-missing', 'FROM x\nCOPY conf /conf\n', { files })).toEqual([]);
    expect(await places('bytecode-missing', 'FROM x\nRUN uv sync\n')).toEqual([
      'Dockerfile:2:5 uv does not compile what it installs',
    ]);
    expect(
      await places('bytecode-missing', 'FROM x\nENV UV_COMPILE_BYTECODE=1\nRUN uv sync\n'),
    ).toEqual([]);
  });
});

describe('repeated-base-stack', () => {
  async function finish(...dockerfiles: readonly string[]): Promise<readonly string[]> {
    const [rule] = DOCKERFILE_REPOSITORY_RULES;
    const visit = rule?.begin();
    dockerfiles.forEach((text, index) => {
      void visit?.visit(makeSubject(text, { folder: `/repository/addon${index}` }));
    });
    const repository = { folder: '/repository', file: undefined, strays: [] };
    const found: string[] = [];
    for await (const finding of visit?.finish(repository) ?? []) found.push(show(finding));
    return found;
  }

  const STACK = 'RUN apk add python3 py3-pip jq curl\n';

  test('finds add-ons with the same packages', async () => {
    expect(
      await finish(`FROM a:1\n${STACK}`, `FROM a:1\nRUN apk add curl jq python3 nginx\n`),
    ).toEqual([
      'addon0/Dockerfile:2:1 2 add-ons (addon0, addon1) install curl, jq, python3 on a:1',
    ]);
  });

  test('accepts other bases, and few packages', async () => {
    expect(await finish(`FROM a:1\n${STACK}`, `FROM b:1\n${STACK}`)).toEqual([]);
    expect(
      await finish('FROM a:1\nRUN apk add jq curl\n', 'FROM a:1\nRUN apk add jq curl\n'),
    ).toEqual([]);
    expect(await finish(`FROM a:1\n${STACK}`)).toEqual([]);
  });
});
