import { describe, expect, test } from 'vitest';
import {
  decideRetention,
  readAttachmentTag,
  type RetentionRules,
  type StoredItem,
} from '../../../src/plan/retention.js';

const digestOf = (name: string): string =>
  `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`;
const nameOf = (digest: string): string =>
  Buffer.from(digest.replace('sha256:', '').replace(/(?:00)+$/, ''), 'hex').toString();

function item(name: string, changes: Partial<StoredItem> = {}): StoredItem {
  return {
    digest: digestOf(name),
    tags: [],
    version: undefined,
    children: [],
    subject: undefined,
    blobs: [],
    ...changes,
  };
}

/** An index with an image for one architecture, whose layer is 100 bytes of its own beside one that all share. */
function release(version: string, tags: readonly string[] = [version]): readonly StoredItem[] {
  const image = `${version}i`;
  return [
    item(version, { tags, version, children: [digestOf(image)] }),
    item(image, {
      blobs: [
        { digest: digestOf('shared'), size: 1_000 },
        { digest: digestOf(`${version}l`), size: 100 },
      ],
    }),
  ];
}

function signature(of: string, changes: Partial<StoredItem> = {}): StoredItem {
  const subject = { digest: digestOf(of), isThere: true };
  const tags = [`${digestOf(of).replace(':', '-')}.sig`];
  return item(`${of}s`, { tags, subject, ...changes });
}

function decide(items: readonly StoredItem[], rules: Partial<RetentionRules> = {}) {
  const retention = decideRetention(items, { keep: 1, offered: [], ...rules });
  return {
    deleted: retention.deleted.map(({ digest }) => nameOf(digest)),
    kept: retention.kept.map(({ digest }) => nameOf(digest)),
    reasons: new Map(
      [...retention.kept, ...retention.deleted].map(({ digest, reason }) => [
        nameOf(digest),
        reason,
      ]),
    ),
    freedBytes: retention.freedBytes,
  };
}

describe('decideRetention', () => {
  test('deletes old versions with their images, and the index first', () => {
    const items = [...release('1.1.0'), ...release('1.0.0'), ...release('1.2.0')];
    const { deleted, kept, freedBytes } = decide(items);
    expect(deleted).toEqual(['1.1.0', '1.0.0', '1.1.0i', '1.0.0i']);
    expect(kept).toEqual(['1.2.0', '1.2.0i']);
    expect(freedBytes).toBe(200);
  });

  test('keeps as many stable versions and pre-releases as it is told to', () => {
    const versions = ['1.0.0', '1.1.0', '1.2.0', '1.3.0-beta.1', '1.3.0-beta.2', '1.3.0-beta.10'];
    const items = versions.flatMap((version) => release(version));
    expect(decide(items, { keep: 2 }).deleted.filter((name) => !name.endsWith('i'))).toEqual([
      '1.0.0',
      '1.3.0-beta.1',
    ]);
  });

  test('keeps what moving tags name, and what the store offers or offered', () => {
    const items = [
      ...release('1.0.0', ['1.0.0', 'beta']),
      ...release('1.1.0', ['1.1', '1.1.0']),
      ...release('1.2.0'),
      ...release('1.3.0'),
    ];
    const { deleted, reasons } = decide(items, { offered: ['1.2.0'] });
    expect(deleted).toEqual([]);
    expect(reasons.get('1.0.0')).toBe('named by beta');
    expect(reasons.get('1.1.0')).toBe('named by 1.1');
    expect(reasons.get('1.2.0')).toBe("in the store's history");
    expect(reasons.get('1.3.0')).toBe('one of the newest 1');
    expect(reasons.get('1.0.0i')).toBe(`part of ${digestOf('1.0.0')}`);
  });

  test('keeps an image that a kept index names too', () => {
    const shared = digestOf('1.0.0i');
    const items = [
      ...release('1.0.0'),
      item('1.1.0', { tags: ['1.1.0'], version: '1.1.0', children: [shared] }),
    ];
    expect(decide(items).deleted).toEqual(['1.0.0']);
  });

  test('deletes signatures with what they belong to, and keeps those of what is kept', () => {
    const items = [
      ...release('1.0.0'),
      signature('1.0.0'),
      signature('1.0.0i'),
      ...release('1.1.0'),
      signature('1.1.0'),
      signature('1.1.0i'),
    ];
    const { deleted, kept } = decide(items);
    expect(deleted).toEqual(['1.0.0', '1.0.0i', '1.0.0s', '1.0.0is']);
    expect(kept).toEqual(['1.1.0', '1.1.0i', '1.1.0s', '1.1.0is']);
  });

  test('follows a list of referrers to its attestations', () => {
    const subject = { digest: digestOf('1.0.0'), isThere: true };
    const items = [
      ...release('1.0.0'),
      item('list', {
        tags: [digestOf('1.0.0').replace(':', '-')],
        subject,
        children: [digestOf('sbom')],
      }),
      item('sbom', { subject }),
      ...release('1.1.0'),
    ];
    expect(decide(items).deleted).toEqual(['1.0.0', '1.0.0i', 'list', 'sbom']);
    expect(decide(items, { keep: 2 }).deleted).toEqual([]);
  });

  test('counts what attests images apart, and keeps it with its index', () => {
    const attested = (version: string): readonly StoredItem[] => {
      const [index, ...images] = release(version);
      const children = [...(index?.children ?? []), digestOf(`${version}a`)];
      return [
        item(version, { ...index, children }),
        ...images,
        item(`${version}a`, { isAttestation: true }),
      ];
    };
    const items = [...attested('1.0.0'), ...attested('1.1.0')];
    const { kept, deleted } = decideRetention(items, { keep: 1, offered: [] });
    const show = (entries: typeof kept) =>
      entries.map(({ digest, kind }) => [nameOf(digest), kind]);
    expect(show(kept)).toEqual([
      ['1.1.0', 'version'],
      ['1.1.0i', 'part'],
      ['1.1.0a', 'attachment'],
    ]);
    expect(show(deleted)).toEqual([
      ['1.0.0', 'version'],
      ['1.0.0i', 'part'],
      ['1.0.0a', 'attachment'],
    ]);
  });

  test('deletes signatures of what is gone, but none of what cannot be listed', () => {
    const lost = signature('gone', { subject: { digest: digestOf('gone'), isThere: false } });
    const hidden = signature('hidden');
    const { deleted, kept } = decide([lost, hidden, ...release('1.0.0')]);
    expect(deleted).toEqual(['gones']);
    expect(kept).toContain('hiddens');
  });

  test('keeps what it does not know', () => {
    const items = [
      item('cache', { tags: ['buildcache'] }),
      item('arch', { tags: ['1.0.0-amd64'], version: '1.0.0' }),
      ...release('1.1.0'),
    ];
    const { deleted, reasons } = decide(items);
    expect(deleted).toEqual([]);
    expect(reasons.get('cache')).toBe('named by buildcache');
    expect(reasons.get('arch')).toBe('named by 1.0.0-amd64');
  });

  test('takes a tag for a version when the image says nothing', () => {
    const unlabelled = (version: string) => item(version, { tags: [version] });
    expect(decide([unlabelled('1.0.0'), unlabelled('1.1.0')]).deleted).toEqual(['1.0.0']);
  });
});

test('tags of attachments are told apart from versions', () => {
  const hex = 'a'.repeat(64);
  for (const suffix of ['', '.sig', '.att', '.sbom']) {
    expect(readAttachmentTag(`sha256-${hex}${suffix}`)).toBe(`sha256:${hex}`);
  }
  expect(readAttachmentTag('1.0.0')).toBeUndefined();
  expect(readAttachmentTag(`sha256-${hex.slice(1)}.sig`)).toBeUndefined();
});
