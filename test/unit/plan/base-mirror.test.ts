import { describe, expect, test } from 'vitest';
import { AddonReleaseError } from '../../../src/errors.js';
import { mirrorImage, parseBaseMirror } from '../../../src/plan/base-mirror.js';

describe('parseBaseMirror', () => {
  test.each([
    ['ghcr.io/home-assistant=localhost:5000/home-assistant', 'ghcr.io/home-assistant'],
    ['docker.io=mirror.example.org', 'docker.io'],
    ['debian=mirror/debian', 'debian'],
    ['ghcr.io/a/=mirror/b/', 'ghcr.io/a'],
  ])('reads %s', (text, from) => {
    expect(parseBaseMirror(text)).toEqual({
      from,
      to: text.slice(text.indexOf('=') + 1).replace(/\/$/, ''),
    });
  });

  test.each(['', 'ghcr.io', 'ghcr.io=', '=mirror', 'a=b=c', 'a b=c', 'a=https://$(x)'])(
    'refuses %j with an example',
    (text) => {
      expect(() => parseBaseMirror(text)).toThrow(AddonReleaseError);
      expect(() => parseBaseMirror(text)).toThrow(`--base-mirror "${text}" is not FROM=TO`);
    },
  );
});

describe('mirrorImage', () => {
  const HOME_ASSISTANT = { from: 'ghcr.io/home-assistant', to: 'localhost:5000/ha' };

  test.each([
    ['ghcr.io/home-assistant/amd64-base:3.20', 'localhost:5000/ha/amd64-base:3.20'],
    ['ghcr.io/home-assistant:1', 'localhost:5000/ha:1'],
    ['ghcr.io/home-assistant', 'localhost:5000/ha'],
    ['ghcr.io/home-assistant@sha256:1', 'localhost:5000/ha@sha256:1'],
    ['ghcr.io/home-assistants/x', 'ghcr.io/home-assistants/x'],
    ['ghcr.io/other/x', 'ghcr.io/other/x'],
    ['debian:12', 'debian:12'],
  ])('pulls %s from %s', (reference, source) => {
    expect(mirrorImage(reference, [HOME_ASSISTANT])).toBe(source);
  });

  test.each([
    ['debian:12', 'm/library/debian:12'],
    ['library/debian:12', 'm/library/debian:12'],
    ['docker.io/debian:12', 'm/library/debian:12'],
    ['docker.io/library/debian:12', 'm/library/debian:12'],
    ['owner/name', 'm/owner/name'],
    ['localhost/owner/name', 'localhost/owner/name'],
    ['localhost:5000/owner/name', 'localhost:5000/owner/name'],
    ['quay.io/owner/name', 'quay.io/owner/name'],
  ])('a mirror of Docker Hub serves %s as %s', (reference, source) => {
    expect(mirrorImage(reference, [{ from: 'docker.io', to: 'm' }])).toBe(source);
  });

  test.each(['debian', 'library/debian', 'docker.io/library/debian'])(
    'knows a Docker Hub image as %s in every spelling',
    (from) => {
      for (const reference of ['debian:12', 'library/debian:12', 'docker.io/library/debian:12']) {
        expect(mirrorImage(reference, [{ from, to: 'm/debian' }])).toBe('m/debian:12');
      }
    },
  );

  test('prefers the most specific mirror whatever the order', () => {
    const mirrors = [
      { from: 'docker.io', to: 'hub' },
      { from: 'debian', to: 'own/debian' },
      { from: 'debian:12', to: 'own/bookworm:1' },
    ];
    for (const list of [mirrors, mirrors.toReversed()]) {
      expect(mirrorImage('debian:12', list)).toBe('own/bookworm:1');
      expect(mirrorImage('debian:13', list)).toBe('own/debian:13');
      expect(mirrorImage('alpine:3', list)).toBe('hub/library/alpine:3');
    }
  });

  test('leaves an image of a local registry alone that only begins like a mirror', () => {
    const mirror = { from: 'localhost/base', to: 'm' };
    expect(mirrorImage('localhost/base/amd64:1', [mirror])).toBe('m/amd64:1');
    expect(mirrorImage('localhost/basement:1', [mirror])).toBe('localhost/basement:1');
  });
});
