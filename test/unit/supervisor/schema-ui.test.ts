import { describe, expect, it } from 'vitest';

import { describeSchema } from '../../../src/supervisor/schema-ui.js';

describe('describeSchema', () => {
  it.each([
    ['str', { required: true, type: 'string' }],
    ['str?', { optional: true, type: 'string' }],
    ['str(2,8)', { lengthMin: 2, lengthMax: 8, required: true, type: 'string' }],
    ['password(8,)?', { lengthMin: 8, optional: true, type: 'string', format: 'password' }],
    ['int(,10)', { lengthMax: 10, required: true, type: 'integer' }],
    ['float(-1.5,.5)', { lengthMin: -1.5, lengthMax: 0.5, required: true, type: 'float' }],
    ['bool', { required: true, type: 'boolean' }],
    ['email', { required: true, type: 'string', format: 'email' }],
    ['url', { required: true, type: 'string', format: 'url' }],
    ['port', { required: true, type: 'integer' }],
    ['match(^a$)', { required: true, type: 'string' }],
    ['list(a|b)?', { optional: true, type: 'select', options: ['a', 'b'] }],
    ['device(subsystem=tty)', { required: true, type: 'select', options: [] }],
  ])('describes %s', (element, node) => {
    expect(describeSchema({ field: element })).toEqual([{ name: 'field', ...node }]);
  });

  it('describes lists and nested objects', () => {
    expect(
      describeSchema({
        tags: ['str'],
        logins: [{ username: 'str', roles: ['str?'] }],
        advanced: { debug: 'bool' },
      }),
    ).toEqual([
      { name: 'tags', multiple: true, required: true, type: 'string' },
      {
        name: 'logins',
        type: 'schema',
        optional: true,
        multiple: true,
        schema: [
          { name: 'username', required: true, type: 'string' },
          { name: 'roles', multiple: true, optional: true, type: 'string' },
        ],
      },
      {
        name: 'advanced',
        type: 'schema',
        optional: true,
        multiple: false,
        schema: [{ name: 'debug', required: true, type: 'boolean' }],
      },
    ]);
  });
});
