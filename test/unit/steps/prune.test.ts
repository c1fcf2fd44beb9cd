import { expect, test } from 'vitest';
import { runPipeline } from '../../../src/pipeline/run.js';
import { pruneStep } from '../../../src/steps/prune.js';
import { createMemoryRegistry } from '../../helpers/memory-registry.js';
import { givenStep, sampleContext } from '../../helpers/sample-context.js';

test('nothing is deleted at ghcr.io, and where it can be is told', async () => {
  const deleted: string[] = [];
  const { client } = createMemoryRegistry();
  const retention = {
    kept: [],
    deleted: [
      {
        digest: `sha256:${'1'.repeat(64)}`,
        tags: ['1.0.0'],
        kind: 'version' as const,
        reason: 'old',
      },
    ],
    freedBytes: 0,
  };
  const { error } = await runPipeline(
    [
      givenStep('retention', {
        slug: 'example',
        keep: 1,
        repositories: [{ repository: 'ghcr.io/owner/example', retention }],
      }),
      givenStep('lock', { held: undefined }),
      pruneStep,
    ],
    sampleContext({
      registry: {
        ...client,
        deleteManifest: (_repository, digest) => {
          deleted.push(digest);
          return Promise.resolve('deleted');
        },
      },
    }),
  );
  expect(error).toMatchObject({
    failure: 'registry',
    message: 'ghcr.io does not delete what is in ghcr.io/owner/example',
    hint: expect.stringContaining(
      'https://github.com/users/owner/packages/container/example/versions',
    ) as unknown,
  });
  expect(deleted).toEqual([]);
});
