import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import {
  renderJobSummary,
  renderOutputs,
  writeJobReport,
  type Report,
} from '../../../src/ci/job-report.js';
import { registerSecret } from '../../../src/exec/redact.js';
import { readOutputs } from '../../helpers/workflow-files.js';

const REPORT: Report = {
  command: 'release',
  error: undefined,
  data: {
    plan: { name: 'Greeter | Co', version: '1.2.3', publish: true },
    architectures: [
      {
        arch: 'amd64',
        platform: 'linux/amd64',
        emulated: false,
        build: { status: 'built', durationMs: 12_400 },
        smoke: {
          passed: true,
          checks: [
            { outcome: 'passed', title: 'Platform' },
            { outcome: 'skipped', title: 'Ingress' },
          ],
        },
      },
      {
        arch: 'armv7',
        platform: 'linux/arm/v7',
        emulated: true,
        build: { status: 'failed' },
      },
    ],
    pushed: [{ arch: 'amd64', manifestDigest: 'sha256:aaa' }],
    index: { digest: 'sha256:iii' },
    tags: ['ghcr.io/octo/greeter:1.2.3', 'ghcr.io/octo/greeter:latest'],
    githubRelease: { url: 'https://github.com/octo/addons/releases/tag/v1.2.3' },
  },
};

it('hands version, digests and names on to the next steps', () => {
  expect(readOutputs(renderOutputs(REPORT))).toEqual({
    version: '1.2.3',
    digest: 'sha256:iii',
    digests: '{"amd64":"sha256:aaa"}',
    images: '["ghcr.io/octo/greeter:1.2.3","ghcr.io/octo/greeter:latest"]',
  });
});

it('names the pull request to the store', () => {
  const url = 'https://github.com/octo/store/pull/7';
  const data = { ...REPORT.data, store: { elsewhere: { pullRequest: { url } } } };
  expect(readOutputs(renderOutputs({ ...REPORT, data }))['pull-request']).toBe(url);
  expect(renderJobSummary({ ...REPORT, data })).toContain(`[Pull request to the store](${url})`);
});

it('names no digest of what was not published', () => {
  const { plan } = REPORT.data;
  const data = { plan, index: { digest: 'sha256:iii' }, tags: [] } as Report['data'];
  expect(readOutputs(renderOutputs({ ...REPORT, data }))).toEqual({ version: '1.2.3' });
  expect(renderOutputs({ ...REPORT, data: {} })).toBe('');
});

it('lets no value end its own entry', () => {
  const data = { plan: { name: 'x', version: 'EOF\nimages<<EOF\nevil', publish: true } };
  expect(readOutputs(renderOutputs({ ...REPORT, data }))).toEqual({
    version: 'EOF\nimages<<EOF\nevil',
  });
});

it('tells on the page of the job what became of each architecture', () => {
  const summary = renderJobSummary(REPORT);
  expect(summary).toMatch(/^## Greeter \\\| Co 1\.2\.3: published\n/);
  expect(summary).toContain('| amd64 | built in 12 s | 1 checks passed | `sha256:aaa` |');
  expect(summary).toContain('| armv7 | failed, emulated | – | – |');
  expect(summary).toContain('- `ghcr.io/octo/greeter:latest`');
  expect(summary).toContain('[GitHub Release](https://github.com/octo/addons/releases/tag/v1.2.3)');
});

it('tells on the page of the job why it failed', () => {
  const error = { message: 'one image failed\nits smoke test', hint: 'See the log.' };
  const summary = renderJobSummary({ ...REPORT, data: {}, error });
  expect(summary).toBe(
    '## release: failed\n\n**one image failed its smoke test**\n\nSee the log.\n\n',
  );
  expect(renderJobSummary({ ...REPORT, data: {} })).toBe('');
});

it('writes both where the service wants them, without secrets', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const [outputs, summary] = [join(folder, 'outputs'), join(folder, 'summary')];
  registerSecret('a-secret-of-this-test');
  const error = { message: 'it was a-secret-of-this-test', hint: undefined };
  await writeJobReport(
    { ...REPORT, error },
    { GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary },
  );
  expect(readOutputs(await readFile(outputs, 'utf8'))['version']).toBe('1.2.3');
  expect(await readFile(summary, 'utf8')).toContain('**it was \\*\\*\\***'.replaceAll('\\', ''));
  await expect(writeJobReport(REPORT, {})).resolves.toBeUndefined();
});

it('shows the report that the run has drawn, unless the service would refuse it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'addon-release-report-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const summary = join(folder, 'summary');
  const report = { ...REPORT, data: { ...REPORT.data, runFolder: folder } };
  await writeFile(join(folder, 'report.md'), '## The whole story\n');
  await writeJobReport(report, { GITHUB_STEP_SUMMARY: summary });
  expect(await readFile(summary, 'utf8')).toBe('## The whole story\n');
  await rm(summary);
  await writeFile(join(folder, 'report.md'), 'x'.repeat(1024 * 1024 + 1));
  await writeJobReport(report, { GITHUB_STEP_SUMMARY: summary });
  expect(await readFile(summary, 'utf8')).toBe(renderJobSummary(report));
});

it('tells of all add-ons that were released together', () => {
  const addons = [
    { slug: 'one', newVersion: '1.1.0', reason: 'changed | a lot', result: 'published' },
    { slug: 'two', newVersion: '2.0.0', reason: 'changed', result: 'failed' },
    { slug: 'three', reason: 'unchanged' },
  ];
  const report = { ...REPORT, data: { addons } };
  expect(readOutputs(renderOutputs(report))).toEqual({ released: '{"one":"1.1.0"}' });
  const summary = renderJobSummary(report);
  expect(summary).toContain('## release: published\n');
  expect(summary).toContain('| one | 1.1.0 | published | changed \\| a lot |');
  expect(summary).toContain('| two | 2.0.0 | failed | changed |');
  expect(summary).not.toContain('three');
});
