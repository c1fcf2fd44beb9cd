import { expect, it } from 'vitest';
import {
  hasOwnNotes,
  withImages,
  withNotes,
  withoutRollback,
  withRollback,
} from '../../../src/github/release-body.js';
import { storeLink } from '../../../src/github/store-link.js';

const IMAGE = { arch: 'all', reference: 'ghcr.io/octo/greeter:1.2.3', digest: 'sha256:abc' };

it('replaces its own parts, wherever they stand, and keeps what stands between them', () => {
  const first = withImages(withNotes('', 'Old notes.'), [IMAGE], undefined);
  const edited = first.replace('<!-- addon-release: images -->', 'By hand.\n\n$&');
  const second = withImages(
    withNotes(edited, 'New notes.'),
    [{ ...IMAGE, digest: 'sha256:def' }],
    undefined,
  );
  expect(second).toMatch(/New notes\.[\s\S]*By hand\.[\s\S]*sha256:def/);
  expect(second).not.toMatch(/Old notes|sha256:abc/);
  expect(withNotes(second, 'New notes.')).toBe(second);
});

it('leaves notes of somebody else as they are', () => {
  expect(hasOwnNotes('By hand.')).toBe(true);
  expect(withNotes('By hand.', 'Ours.')).toBe('By hand.');
  const withTable = withImages('By hand.', [IMAGE], undefined);
  expect(hasOwnNotes(withTable)).toBe(true);
  expect(hasOwnNotes(withImages('', [IMAGE], undefined))).toBe(false);
  expect(hasOwnNotes('')).toBe(false);
});

it('fits into what GitHub takes', () => {
  const body = withNotes('', '- One more line.\n'.repeat(20_000));
  expect(body.length).toBeLessThan(125_000);
  expect(body).toMatch(/- One more line\.\n\n… and more, see the changelog\.\n<!--/);
});

it('marks a version as rolled back and takes the mark away again', () => {
  const body = withNotes('', 'Notes.');
  const marked = withRollback(body, '1.2.2');
  expect(marked).toMatch(/^<!-- addon-release: rollback -->\n> \[!WARNING\]/);
  expect(withRollback(marked, '1.2.2')).toBe(marked);
  expect(withoutRollback(marked)).toBe(body);
});

it('links to an add-on of a repository as Home Assistant names it', () => {
  // The repository of the community add-ons, whose short name every installation knows.
  const link = storeLink('https://github.com/hassio-addons/repository', 'ssh');
  expect(link).toBe(
    'https://my.home-assistant.io/redirect/supervisor_addon/?addon=a0d7b954_ssh&repository_url=https%3A%2F%2Fgithub.com%2Fhassio-addons%2Frepository',
  );
  expect(storeLink('https://github.com/Hassio-Addons/Repository', 'ssh')).toContain('a0d7b954_ssh');
  expect(withImages('', [IMAGE], link)).toContain(`](${link})`);
});

it('says of each image what a pull transfers', () => {
  const amd64 = { ...IMAGE, arch: 'amd64', download: '47.1 MB' };
  expect(withImages('', [IMAGE, amd64], undefined)).toContain(
    [
      '| architecture | image | download | digest |',
      '| --- | --- | --- | --- |',
      '| all | `ghcr.io/octo/greeter:1.2.3` |  | `sha256:abc` |',
      '| amd64 | `ghcr.io/octo/greeter:1.2.3` | 47.1 MB | `sha256:abc` |',
    ].join('\n'),
  );
});
