import { join } from 'node:path';
import { openRepository, readSubject } from '../../../src/lint/read-subject.js';
import type { AddonSubject } from '../../../src/lint/subject.js';
import { CONFIG, writeFiles, type Files } from '../lint/scratch.js';

/** An add-on in the folder `addon` of a repository, with these files beside its config. */
export async function subjectWith(
  files: Files,
): Promise<{ readonly addon: AddonSubject; readonly root: string }> {
  const root = await writeFiles({
    'repository.yaml': 'name: Test\n',
    'addon/config.yaml': CONFIG,
    ...files,
  });
  const folder = join(root, 'addon');
  const name = Object.keys(files).includes('addon/config.json') ? 'config.json' : 'config.yaml';
  return { addon: readSubject(folder, name, openRepository(root)), root };
}
