import { readFile, writeFile } from 'node:fs/promises';
import { redact } from '../exec/redact.js';
import { tryDocker } from './docker.js';
import { RecordSplitter, type SolveStatus } from './progress-records.js';

export interface BakeCall {
  readonly definitionFile: string;
  /** Where bake writes the digests of what it built. */
  readonly metadataFile: string;
  /** undefined = the builder in use. */
  readonly builder: string | undefined;
  /** Working directory; bake asks before it reads files outside of it. */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** The attestations of the images tell the source that they were built from. Default false. */
  readonly attestsSource?: boolean;
  /** Values of secrets that the definition takes from the environment. */
  readonly secrets?: Readonly<Record<string, string>> | undefined;
  readonly onRecord: (record: SolveStatus) => void;
}

export interface BakeEnd {
  readonly exitCode: number | null;
  /** What buildx wrote besides its records: the error message. */
  readonly text: readonly string[];
  /** The line of the Dockerfile that the error message shows. */
  readonly errorLine: number | undefined;
}

const KEPT_TEXT_LINES = 200;

/** `Dockerfile:12` on a line of its own heads the excerpt that buildx prints below an error. */
const EXCERPT_HEAD = /^\S+:(\d+)$/;

export const BUILDX_ENVIRONMENT = {
  // Attestations would turn each image into an index; they are added where they are asked for.
  BUILDX_NO_DEFAULT_ATTESTATIONS: '1',
  // The definition names the folders it reads itself; there is nobody to answer bake's question.
  BUILDX_BAKE_ENTITLEMENTS_FS: '0',
} as const;

/** For attestations alone buildx asks git seven things for each target, one after the other. */
const WITHOUT_SOURCE = { BUILDX_GIT_INFO: '0' } as const;

/** A definition stays with the logs of its run; the build arguments that are secret do not. */
async function forgetSecrets(definitionFile: string): Promise<void> {
  const text = await readFile(definitionFile, 'utf8');
  const told = redact(text);
  if (told !== text) await writeFile(definitionFile, told);
}

/** Runs `docker buildx bake` and follows BuildKit's records. */
export async function bake(call: BakeCall): Promise<BakeEnd> {
  const text: string[] = [];
  const splitter = new RecordSplitter(call.onRecord, (line) => {
    text.push(line);
    if (text.length > KEPT_TEXT_LINES) text.shift();
  });
  const result = await tryDocker(
    [
      'buildx',
      'bake',
      ...(call.builder === undefined ? [] : ['--builder', call.builder]),
      '--file',
      call.definitionFile,
      '--metadata-file',
      call.metadataFile,
      '--progress',
      'rawjson',
    ],
    {
      cwd: call.directory,
      env: {
        ...BUILDX_ENVIRONMENT,
        ...(call.attestsSource === true ? {} : WITHOUT_SOURCE),
        ...call.secrets,
      },
      signal: call.signal,
      keep: 1,
      onStderrLine: (line) => {
        splitter.push(line);
      },
    },
  ).finally(() => forgetSecrets(call.definitionFile));
  splitter.end();
  const head = text.map((line) => EXCERPT_HEAD.exec(line)?.[1]).find((line) => line !== undefined);
  return {
    exitCode: result.exitCode,
    text,
    errorLine: head === undefined ? undefined : Number(head),
  };
}

/** Digests of one target, as bake's metadata file names them. */
export interface TargetMetadata {
  readonly configDigest: string | undefined;
  readonly manifestDigest: string | undefined;
}

/** Reads bake's metadata file, by target. */
export async function readMetadata(file: string): Promise<ReadonlyMap<string, TargetMetadata>> {
  const metadata = JSON.parse(await readFile(file, 'utf8')) as Record<
    string,
    Record<string, unknown> | string
  >;
  const digest = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return new Map(
    Object.entries(metadata).flatMap(([target, value]) =>
      typeof value === 'string'
        ? []
        : [
            [
              target,
              {
                configDigest: digest(value['containerimage.config.digest']),
                manifestDigest: digest(value['containerimage.digest']),
              },
            ] as const,
          ],
    ),
  );
}
