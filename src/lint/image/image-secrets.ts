import type { ImageContents } from '../../plan/image-contents.js';
import { findToken, isSecretName, SECRET_FILE } from '../dockerfile/secret-rules.js';

/** What makes a file of such a name hold a secret, and not just settings. */
function holdsSecret(path: string, text: string): boolean {
  const name = path.replace(/^.*\//, '');
  if (name === '.npmrc') return /_(?:authToken|auth|password)\s*=\s*(?!\$)\S/.test(text);
  if (name === '.pypirc') return /^\s*password\s*[:=]\s*\S/m.test(text);
  if (name === '.netrc') return /\bpassword\s+\S/.test(text);
  if (name === '.git-credentials') return /:\/\/[^:@\s]+:[^@\s]+@/.test(text);
  if (name.startsWith('.env')) {
    return text.split('\n').some((line) => {
      const match = /^\s*(?:export\s+)?(\w+)\s*=\s*["']?([^"'\s#]+)/.exec(line);
      return match !== null && isSecretName(match[1] ?? '');
    });
  }
  return /-----BEGIN (?:[A-Z ]+ )?PRIVATE KEY-----/.test(text);
}

/** Keys that a distribution ships for its own tests, or as examples. */
const NO_SECRET_PLACE =
  /^\/usr\/(?:share|lib|local\/lib)\/|^\/etc\/ssl\/certs\/|\/(?:site|dist)-packages\/|\/node_modules\//;

function* listFiles(contents: ImageContents): Generator<string> {
  const visible = contents.files.map((file) => ({ file, key: file.path, isHidden: false }));
  const hidden = contents.hidden.map((file) => ({
    file,
    key: `${file.layer}:${file.path}`,
    isHidden: true,
  }));
  for (const { file, key, isHidden } of [...visible, ...hidden]) {
    const { path, layer } = file;
    if (!SECRET_FILE.test(path) || NO_SECRET_PLACE.test(path)) continue;
    const text = contents.texts.get(key);
    if (text === undefined || !holdsSecret(path, text)) continue;
    yield isHidden
      ? `${path} holds a secret in layer ${layer + 1}, although a later layer removes or replaces it`
      : `${path} holds a secret`;
  }
}

function* listSettings({ config }: ImageContents): Generator<string> {
  for (const pair of config.config?.Env ?? []) {
    const equals = pair.indexOf('=');
    const name = pair.slice(0, equals);
    const value = pair.slice(equals + 1);
    if (value === '') continue;
    if (isSecretName(name))
      yield `the environment variable ${name} has a value in the image's configuration`;
    else if (findToken(value) !== undefined) yield `the environment variable ${name} holds a token`;
  }
  for (const { created_by: text = '' } of config.history ?? []) {
    const token = findToken(text);
    if (token !== undefined) yield `the history holds a token (\`${token}…\`)`;
    // `|2 NAME=value OTHER=value /bin/sh -c …`: the build arguments of a RUN.
    const args = /\|\d+ (.*?) \/bin\/\w*sh -\w*c /s.exec(text)?.[1] ?? '';
    for (const [, name = ''] of args.matchAll(/(\w+)=(?=\S)/g)) {
      if (isSecretName(name)) yield `the history holds the value of the build argument ${name}`;
    }
  }
}

/** Secrets of an image, each in a sentence that does not tell them. */
export function listSecrets(contents: ImageContents): readonly string[] {
  return [...new Set([...listFiles(contents), ...listSettings(contents)])];
}
