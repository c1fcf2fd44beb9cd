import { PyDict } from '../../../src/addon/python-value.js';
import type { SmokeFile } from '../../../src/smoke/smoke-file.js';

/** A smoke file that says nothing but what a test sets. */
export function sampleSmokeFile(changes: Partial<SmokeFile> = {}): SmokeFile {
  return {
    runs: [{ name: 'default', options: new PyDict() }],
    services: {},
    secrets: {},
    http: [],
    requiredLog: [],
    forbiddenLog: [],
    commands: [],
    files: [],
    user: undefined,
    restart: false,
    upgrade: false,
    limits: {
      startSeconds: undefined,
      upSeconds: undefined,
      memoryBytes: undefined,
      cpuSeconds: undefined,
      imageBytes: undefined,
    },
    skip: [],
    ...changes,
  };
}
