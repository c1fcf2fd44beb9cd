import { withoutArch } from '../plan/image-names.js';
import { mappingOf, parsed, placeOf, replaceValue } from '../lint/files/edit-data.js';
import type { AddonSubject, DataFile } from '../lint/subject.js';
import { leave, NOTHING, type Migration } from './migration.js';

/** The add-on's addon-release.yaml, or where it is to be. */
export interface SettingsFile {
  readonly path: string;
  /** Undefined where there is none yet. */
  readonly data: DataFile | undefined;
}

const WHY = `# Installations whose copy of the store is older than the change of \`image\` ask for these names.
`;

/**
 * Gives an add-on whose images have a name for each architecture one name for all, and keeps the old names published.
 *
 * @param taken names that other add-ons have
 */
export function migrateImageName(
  addon: AddonSubject,
  settings: SettingsFile,
  taken: ReadonlySet<string>,
): Migration {
  const file = parsed(addon.config);
  const image = addon.fields?.image;
  if (file === undefined || image?.includes('{arch}') !== true) return NOTHING;
  const place = placeOf(file, ['image']);
  const stay = (why: string) => leave({ ...place, message: `"${image}" stays: ${why}` });
  const name = withoutArch(image);
  if (!name.includes('/') || /\/$|\/\/|^[/.-]/.test(name)) {
    return stay('nothing to name it is left without {arch}');
  }
  if (taken.has(name)) return stay(`another add-on is published as ${name}`);
  const edit = replaceValue(file, ['image'], name);
  const also = addAlias(settings, image);
  if (edit === undefined || also === undefined) {
    return stay('the files can only be changed by hand');
  }
  return {
    files: [
      { file: file.path, after: file.text.withEdits([edit]) },
      { file: settings.path, after: also },
    ],
    done: [
      {
        ...place,
        message: `${image} is now ${name}, one name for all architectures; the old ones are published too`,
      },
    ],
    left: [],
  };
}

/** The settings with one more name; undefined where they have such names already, or are JSON. */
function addAlias({ path, data }: SettingsFile, image: string): string | undefined {
  const entry = `${WHY}also:\n  - '${image}'\n`;
  if (data === undefined) return entry;
  if (data.text === undefined || path.endsWith('.json')) return undefined;
  if (data.text.text.trim() === '') return entry;
  if (mappingOf(data)?.has('also') !== false) return undefined;
  return `${data.text.raw.replace(/\s*$/, '\n')}\n${entry}`;
}
