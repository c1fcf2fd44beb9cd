import type { ImageFile } from '../../plan/image-contents.js';
import { listSecrets } from './image-secrets.js';
import type { Rule } from '../rule.js';
import type { ImageSubject } from './subject.js';

/** How many paths a finding names. */
const SHOWN = 5;

function listPaths(files: readonly { readonly path: string }[]): string {
  const shown = files
    .slice(0, SHOWN)
    .map(({ path }) => path)
    .join(', ');
  return files.length > SHOWN ? `${shown} and ${files.length - SHOWN} more` : shown;
}

/** Set-user-ID programs of Debian's and Alpine's own base packages. */
const USUAL_SETUID =
  /^\/(?:usr\/)?s?bin\/(?:su|mount|umount|passwd|chsh|chfn|newgrp|gpasswd|chage|expiry|wall|write|unix_chkpwd|pam_extrausers_chkpwd|bbsuid|ssh-agent|dotlockfile|crontab)$|^\/usr\/lib\/(?:openssh\/ssh-keysign|dbus-1\.0\/dbus-daemon-launch-helper)$/;

const imageSetuid: Rule<ImageSubject> = {
  id: 'image-setuid',
  severity: 'warning',
  summary: 'Programs run with the rights of their owner',
  why: 'A set-user-ID program is a way from any user to root.',
  remedy:
    'Remove the bit with `chmod u-s,g-s` in the instruction that brings the file, or do without the program.',
  fixable: false,
  *check({ reference, contents }) {
    const files = contents.files.filter(
      ({ mode, path }) => (mode & 0o6000) !== 0 && (mode & 0o111) !== 0 && !USUAL_SETUID.test(path),
    );
    if (files.length === 0) return;
    yield {
      file: reference,
      message: `run with the rights of their owner or group: ${listPaths(files)}`,
    };
  },
};

const imageWritable: Rule<ImageSubject> = {
  id: 'image-writable-files',
  severity: 'warning',
  summary: 'Everybody in the container may change files of the image',
  why: 'A service that was taken over can replace programs that root runs at the next start.',
  remedy: 'Set 755 for programs and 644 for other files, for example with `COPY --chmod=`.',
  fixable: false,
  *check({ reference, contents }) {
    const files = contents.files.filter(
      ({ mode, path }) =>
        (mode & 0o002) !== 0 && !/^\/(?:tmp|var\/tmp|dev|proc|run|var\/lock)\//.test(path),
    );
    if (files.length === 0) return;
    yield { file: reference, message: `every user may write ${listPaths(files)}` };
  },
};

const imageSecret: Rule<ImageSubject> = {
  id: 'image-secret',
  severity: 'error',
  summary: 'The image holds a secret',
  why: 'Everybody who can pull the image can read it, also where a later layer removes it.',
  remedy:
    'Revoke it, and hand it in with `RUN --mount=type=secret` next time: https://docs.docker.com/build/building/secrets/',
  fixable: false,
  *check({ reference, contents }) {
    for (const message of listSecrets(contents)) yield { file: reference, message };
  },
};

const imageForeignProgram: Rule<ImageSubject> = {
  id: 'image-foreign-program',
  severity: 'error',
  summary: 'A program is made for another architecture',
  why: 'Starting it ends in "exec format error" on every machine of this architecture.',
  remedy: 'Download or compile it for `$TARGETARCH`.',
  fixable: false,
  *check({ reference, arch, foreignPrograms }) {
    for (const { path, reason } of foreignPrograms) {
      yield { file: reference, message: `${arch}: ${path}: ${reason}` };
    }
  },
};

/** `/app/__pycache__/main.cpython-312.pyc` is compiled from `/app/main.py`. */
function listCompiled(files: readonly ImageFile[]): ReadonlySet<string> {
  return new Set(
    files.flatMap(({ path }) => {
      const match = /^(.*)\/__pycache__\/([^/]+?)\.(?:cpython|pypy)[^/]*\.pyc$/.exec(path);
      return match === null ? [] : [`${match[1] ?? ''}/${match[2] ?? ''}.py`];
    }),
  );
}

const imageBytecode: Rule<ImageSubject> = {
  id: 'image-bytecode-missing',
  severity: 'note',
  summary: 'Python code is not compiled in the image',
  why: 'The Supervisor makes a new container for every start, so what Python compiles at the start is lost at the next.',
  remedy: 'Run `python3 -m compileall -q FOLDER` in the build.',
  fixable: false,
  *check({ reference, contents }) {
    const compiled = listCompiled(contents.files);
    // The distribution's own packages are compiled by it where it wants that; Alpine's are not.
    const plain = contents.files.filter(
      ({ path }) =>
        path.endsWith('.py') &&
        !compiled.has(path) &&
        !/^\/(?:etc\/|usr\/share|usr\/lib\/python[\d.]*\/(?!site-packages))/.test(path),
    );
    const own = plain.filter(({ bytes }) => bytes > 0);
    const [first] = own;
    if (first === undefined) return;
    yield {
      file: reference,
      message: `${own.length} Python ${own.length === 1 ? 'file is' : 'files are'} compiled anew at every start, such as ${first.path}`,
    };
  },
};

const imageHealthcheck: Rule<ImageSubject> = {
  id: 'image-healthcheck-missing',
  severity: 'note',
  summary: 'The image has no health check',
  why: 'The Supervisor takes an add-on for started as soon as its container runs, and cannot see whether the service answers.',
  remedy: 'Add a HEALTHCHECK to the Dockerfile.',
  fixable: false,
  *check({ reference, contents }) {
    const [first] = contents.config.config?.Healthcheck?.Test ?? [];
    if (first === undefined || first === 'NONE') {
      yield { file: reference, message: 'the image has no health check' };
    }
  },
};

export const CONTENT_RULES: readonly Rule<ImageSubject>[] = [
  imageForeignProgram,
  imageSecret,
  imageSetuid,
  imageWritable,
  imageBytecode,
  imageHealthcheck,
];
