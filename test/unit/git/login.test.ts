import { expect, test } from 'vitest';
import { redact } from '../../../src/exec/redact.js';
import { tokenLogin } from '../../../src/git/login.js';

const TOKEN = { value: 'ghp_0123456789abcdef', isFirst: false };

test('a token is one for its address alone, behind what git knows itself', () => {
  const login = tokenLogin('https://example.org/octo/store.git', TOKEN, {
    GIT_CONFIG_COUNT: '2',
  });
  expect(login).toEqual({
    GIT_CONFIG_COUNT: '3',
    GIT_CONFIG_KEY_2: 'credential.https://example.org.helper',
    GIT_CONFIG_VALUE_2: expect.not.stringContaining(TOKEN.value) as string,
    ADDON_RELEASE_GIT_PASSWORD: TOKEN.value,
  });
  expect(redact(`says ${TOKEN.value}`)).toBe('says ***');
});

test('a token for just this stands before other logins', () => {
  const login = tokenLogin('https://example.org/x', { ...TOKEN, isFirst: true }, {});
  expect(login).toMatchObject({ GIT_CONFIG_COUNT: '2', GIT_CONFIG_VALUE_0: '' });
});

test.each([
  'git@example.org:octo/store',
  '/srv/store',
  'ssh://example.org/x',
  'http://example.org',
])('%s gets none', (address) => {
  expect(tokenLogin(address, TOKEN, {})).toBeUndefined();
});
