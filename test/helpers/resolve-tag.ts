import { run } from '../../src/exec/run.js';

/** The digest that a tag names, as two clients that are not ours tell it; undefined when it names nothing. */
export async function resolveTag(reference: string): Promise<string | undefined> {
  const oras = await run('oras', ['resolve', '--plain-http', reference]);
  const args = ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`];
  const skopeo = await run('skopeo', args);
  if (oras.exitCode !== 0 && skopeo.exitCode !== 0) return undefined;
  if (oras.exitCode !== 0 || skopeo.exitCode !== 0) {
    throw new Error(`oras and skopeo disagree on ${reference}: ${oras.stderr}${skopeo.stderr}`);
  }
  return oras.stdout.trim();
}
