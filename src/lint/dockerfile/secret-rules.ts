import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { listPairs } from './build-file.js';
import { readCopy } from './copies.js';
import { dockerfileRule, findAt } from './rule-parts.js';

const SECRET_NAME =
  /(?:^|_)(?:PASSWORD|PASSWD|PASS|PWD|TOKEN|SECRET|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?|AUTH)(?:$|_)/i;

/** Names of files, times and the like, not of the secret. */
const NO_SECRET =
  /_(?:FILE|PATH|DIR|URL|URI|NAME|TTL|EXPIRY|EXPIRES|TYPE|LENGTH|SIZE|TIMEOUT|METHOD|MODE|ENABLED?|DISABLED?|REQUIRED|SSL|VERSION|REF|COMMIT|SHA\d*|HOST|PORT|SERVER|DOMAIN|BACKEND|PROVIDER|PLUGIN|MODULE|PREFIX|HEADER|USER|REALM|ISSUER)$|^(?:NO|DISABLE|ENABLE|REQUIRE|USE|SKIP|ALLOW)_|^(?:OLD)?PWD$/i;

/** Switches and paths. */
const NO_SECRET_VALUE = /^(?:true|false|yes|no|on|off|none|null|[01]|\/\S*)$/i;

/** Tokens that can be recognized by their form alone. */
const TOKEN =
  /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{60,}|glpat-[\w-]{20,}|npm_[A-Za-z0-9]{36}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|pypi-[\w-]{50,}|sk_live_[A-Za-z0-9]{20,}|eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.[\w-]{20,})|-----BEGIN [A-Z ]*PRIVATE KEY-----/;

const URL_LOGIN = /\b[a-z][a-z+]*:\/\/[^\s/:@$"']+:([^\s/:@$"'{}]+)@/i;

/** Also used for the files of a built image. */
export const SECRET_FILE =
  /(?:^|\/)(?:\.env(?:\.(?!example|sample|template|dist|defaults)[\w-]+)?|id_(?:rsa|dsa|ecdsa|ed25519)|\.netrc|\.npmrc|\.pypirc|\.git-credentials|secrets?\.(?:ya?ml|json|env)|credentials\.json|service-account\.json|[\w.-]+\.(?:pem|p12|pfx|key|jks|keystore))$/;

/** Is a variable of this name expected to hold a secret? */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !NO_SECRET.test(name);
}

/** The first characters of something that is a token by its form. */
export function findToken(text: string): string | undefined {
  return TOKEN.exec(text)?.[0].slice(0, 7);
}

const SECRET_MOUNT = 'https://docs.docker.com/build/building/secrets/';

const secretInBuild = dockerfileRule(
  {
    id: 'secret-in-build',
    severity: 'warning',
    summary: 'A secret becomes part of the image',
    why:
      'Build arguments, environment variables and files of every layer can be read by everybody who can pull the image, ' +
      'also when a later instruction deletes them.',
    remedy: `Hand it in with \`RUN --mount=type=secret\` (${SECRET_MOUNT}), and have it revoked if an image was published.`,
    fixable: false,
  },
  function* (file, subject) {
    const hint = `Use \`RUN --mount=type=secret\`: ${SECRET_MOUNT}`;
    const all = [...file.globals, ...file.stages.flatMap(({ steps }) => steps)];
    for (const step of all) {
      if (step.keyword === 'ARG' || step.keyword === 'ENV') {
        for (const { name, value, start } of listPairs(step)) {
          if (!isSecretName(name)) continue;
          if (value !== undefined && NO_SECRET_VALUE.test(value)) continue;
          // An ENV without a value, or filled at run time, holds nothing.
          if (step.keyword === 'ENV' && (value === undefined || value === '')) continue;
          const kind = step.keyword === 'ARG' ? 'build argument' : 'environment variable';
          yield findAt(file, start, `the ${kind} ${name} can be read from the image`, {
            hint:
              step.keyword === 'ENV'
                ? 'Read it from the options of the add-on at the start.'
                : hint,
          });
        }
      }
      for (const { text, offsets } of [step.rest, ...step.heredocs]) {
        const token = TOKEN.exec(text);
        if (token === null) continue;
        const start = offsets[token.index] ?? step.start;
        yield findAt(file, start, `a token is written here (\`${token[0].slice(0, 7)}…\`)`, {
          severity: 'error',
          hint: 'Revoke it: whoever has the repository has it.',
        });
      }
      for (const { text, offsets } of [step.rest, ...step.heredocs]) {
        const login = URL_LOGIN.exec(text);
        if (login === null) continue;
        const start = offsets[login.index] ?? step.start;
        yield findAt(file, start, 'a URL with a password is written here', { hint });
      }
    }
    for (const step of file.stages.flatMap(({ steps }) => steps)) {
      for (const source of readCopy(step)?.sources ?? []) {
        if (!SECRET_FILE.test(source) || isPublicKey(source)) continue;
        // .npmrc and .pypirc mostly hold settings; a password or token in it decides.
        if (/\.(?:npmrc|pypirc)$/.test(source) && subject.tree.find(source) === undefined) continue;
        yield findAt(file, step.start, `${source} is copied into a layer`, { hint });
      }
    }
  },
);

function isPublicKey(path: string): boolean {
  return /(?:\.pub|cert|ca|chain|public)[\w.-]*\.pem$/i.test(path);
}

export const SECRET_RULES: readonly Rule<AddonSubject>[] = [secretInBuild];
