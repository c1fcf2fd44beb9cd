import { describe, expect, test } from 'vitest';
import { userCheck } from '../../../src/smoke/checks/user.js';
import { sampleAddon } from '../../helpers/sample-addon.js';
import type { TarEntry } from '../../helpers/tar.js';
import { candidateFor, checkContext, NO_SMOKE_FILE, standInContainer } from './support.js';

const PASSWD = `root:x:0:0:root:/root:/bin/bash
example:x:1000:1000::/nonexistent:/usr/sbin/nologin
other:x:1001:1001::/nonexistent:/usr/sbin/nologin
`;

interface Image {
  readonly user?: string;
  /** By the name of the service. */
  readonly services?: Readonly<Record<string, string>>;
  readonly s6rc?: Readonly<Record<string, string>>;
  /** Users of the running processes, as seen from outside. */
  readonly uids?: readonly number[];
  /** What is seen from inside: `process|PID|PARENT|USER|NAME` and `service|NAME|up (pid PID)`. */
  readonly inside?: readonly string[];
  readonly passwd?: string | null;
  readonly smokeUser?: string;
}

function folder(root: string, scripts: Readonly<Record<string, string>>): readonly TarEntry[] {
  return [
    { name: root, type: 'directory' },
    ...Object.entries(scripts).flatMap(([name, content]): readonly TarEntry[] => [
      { name: `${root}/${name}`, type: 'directory' },
      { name: `${root}/${name}/run`, content: `#!/bin/sh\n${content}\n` },
      { name: `${root}/${name}/finish`, content: 's6-setuidgid nobody true\n' },
    ]),
  ];
}

async function find({
  user = '',
  services,
  s6rc,
  uids = [0],
  inside,
  passwd = PASSWD,
  smokeUser,
}: Image) {
  const { container } = standInContainer({
    ...(inside === undefined ? {} : { inside }),
    processes: uids.map((uid, index) => ({ pid: 100 + index, uid, command: 'x' })),
    files: {
      ...(services === undefined ? {} : { '/etc/services.d': folder('services.d', services) }),
      ...(s6rc === undefined ? {} : { '/etc/s6-overlay/s6-rc.d': folder('s6-rc.d', s6rc) }),
      ...(passwd === null ? {} : { '/etc/passwd': [{ name: 'passwd', content: passwd }] }),
    },
  });
  const candidate = candidateFor('amd64', { user });
  return userCheck.run(
    checkContext({ container, candidate, smoke: { ...NO_SMOKE_FILE, user: smokeUser } }),
  );
}

describe('user', () => {
  test('nobody promised anything', async () => {
    const services = { web: 'exec python3 -m web', cron: '# s6-setuidgid example\nexec cron' };
    for (const image of [{}, { user: 'root' }, { user: '0:0' }, { services }]) {
      expect((await find(image)).outcome).toBe('skipped');
    }
  });

  test.each(['example', 'example:example', '1000', '1000:1000'])(
    'USER %s is kept',
    async (user) => {
      const { outcome, evidence } = await find({ user, uids: [1000] });
      expect(outcome).toBe('passed');
      expect(evidence).toContain('USER of the image');
    },
  );

  test.each([
    'exec s6-setuidgid example python3 -m web',
    'exec s6-setuidgid "example" python3 -m web',
    'exec su-exec example:example web',
    'exec gosu example web',
    'foreground { true }\nsetuidgid example web',
  ])('a run script with %j is kept', async (script) => {
    expect(await find({ services: { web: script }, uids: [0, 1000] })).toEqual({
      outcome: 'passed',
      evidence: 'example (/etc/services.d/web/run)',
    });
  });

  test('reads the scripts of both generations of s6-overlay', async () => {
    const { evidence } = await find({
      services: { web: 'exec s6-setuidgid example web' },
      s6rc: { worker: 'exec s6-setuidgid other worker' },
      uids: [0, 1000, 1001],
    });
    expect(evidence).toBe(
      'example (/etc/services.d/web/run), other (/etc/s6-overlay/s6-rc.d/worker/run)',
    );
  });

  test('names every promise that is broken', async () => {
    const { outcome, evidence, hint } = await find({
      services: { web: 'exec s6-setuidgid example web', cron: 'exec s6-setuidgid other cron' },
      uids: [0, 1000],
    });
    expect(outcome).toBe('failed');
    expect(evidence).toContain('no process runs as other, which /etc/services.d/cron/run names');
    expect(hint).toContain('create the user');
  });

  test('a user that the image does not know can run nothing', async () => {
    expect((await find({ user: 'nobody-knows', uids: [1000] })).outcome).toBe('failed');
    expect((await find({ user: 'example', uids: [1000], passwd: null })).outcome).toBe('failed');
    expect((await find({ user: '1000', uids: [1000], passwd: null })).outcome).toBe('passed');
  });

  test('smoke.yaml may name the user instead', async () => {
    const image = { user: 'other', smokeUser: 'example' };
    expect(await find({ ...image, uids: [1000] })).toEqual({
      outcome: 'passed',
      evidence: 'example (smoke.yaml)',
    });
    expect((await find({ ...image, uids: [1001] })).outcome).toBe('failed');
  });

  test('nobody looks at what runs once or has ended', async () => {
    expect((await find({ user: 'example', uids: [] })).outcome).toBe('skipped');
    const addon = sampleAddon({ startup: 'once' });
    const candidate = candidateFor('amd64', { user: 'example' });
    expect((await userCheck.run(checkContext({ addon, candidate }))).outcome).toBe('skipped');
  });

  test('USER is a promise for every process', async () => {
    const { outcome, evidence } = await find({
      user: 'example',
      inside: ['process|1|0|1000|web', 'process|20|1|0|helper'],
    });
    expect(outcome).toBe('failed');
    expect(evidence).toBe(
      'helper (process 20) runs as root, not as example, which USER of the image names',
    );
  });

  test('a program of root’s may start others as somebody else', async () => {
    const inside = ['process|1|0|0|s6-svscan', 'process|20|1|0|sudo', 'process|21|20|1000|web'];
    expect((await find({ user: 'example', inside })).outcome).toBe('passed');
  });

  test('a run script is a promise for its own service', async () => {
    const services = {
      web: 'exec s6-setuidgid example web',
      cron: 'exec s6-setuidgid other cron',
    };
    const states = ['service|web|up (pid 20) 5 seconds', 'service|cron|up (pid 30) 5 seconds'];
    const inside = ['process|20|1|0|web', 'process|30|1|0|sh', 'process|31|30|1001|cron'];
    const { outcome, evidence } = await find({ services, inside: [...states, ...inside] });
    expect(outcome).toBe('failed');
    expect(evidence).toBe(
      'web (process 20) runs as root, not as example, which /etc/services.d/web/run names',
    );
  });
});
