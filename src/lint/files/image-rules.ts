import { describeValue } from '../../addon/describe-value.js';
import { AddonReleaseError } from '../../errors.js';
import { chooseImageNames } from '../../plan/image-names.js';
import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { parsed, placeOf } from './edit-data.js';

const imagePlaceholder: Rule<AddonSubject> = {
  id: 'image-placeholder',
  severity: 'error',
  summary: 'The image name has a placeholder that cannot be replaced',
  why: 'The validation takes any `{placeholder}`, but the Supervisor fills in `{arch}` alone: `{machine}` or a single brace makes it fail when it installs the add-on.',
  remedy: 'Use `{arch}`, or a name without placeholder that serves every architecture.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields?.image === undefined) return;
    if (!/[{}]/.test(fields.image.replaceAll('{arch}', ''))) return;
    const message = `"image" has a placeholder that cannot be replaced: ${describeValue(fields.image)}`;
    yield {
      ...placeOf(file, ['image']),
      message,
      hint: '{arch} is the only one, with both braces',
    };
  },
};

const imageName: Rule<AddonSubject> = {
  id: 'image-name',
  severity: 'error',
  summary: 'No registry takes the image name',
  why: 'The validation is less strict than registries are: such an image can never be pushed or pulled.',
  remedy:
    'Use lower-case letters and digits with single `.`, `_` and `-` between them: `ghcr.io/OWNER/NAME`.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    const image = fields?.image;
    if (file === undefined || image === undefined) return;
    if (/[{}]/.test(image.replaceAll('{arch}', ''))) return;
    try {
      chooseImageNames({ configured: image, image: undefined, registry: undefined });
    } catch (error) {
      if (!(error instanceof AddonReleaseError)) throw error;
      yield { ...placeOf(file, ['image']), message: error.message };
    }
  },
};

const noImage: Rule<AddonSubject> = {
  id: 'no-image',
  severity: 'note',
  summary: 'The add-on is built on the machine of every user',
  why: 'Without `image` the Supervisor builds the add-on from its Dockerfile at every installation and update: that takes minutes on a small machine, needs everything that the build downloads to be there, and gives everybody another image than the one that was tested.',
  remedy: 'Publish the image and name it in `image`.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields === undefined || fields.image !== undefined) return;
    yield { ...placeOf(file, []), message: 'there is no "image": every user builds the add-on' };
  },
};

export const IMAGE_NAME_RULES: readonly Rule<AddonSubject>[] = [
  imagePlaceholder,
  imageName,
  noImage,
];
