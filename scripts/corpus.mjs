// Node 20 cannot run TypeScript: bundle the comparison first, keeping the dependencies outside.
import { fileURLToPath } from 'node:url';

const esbuild = await import('esbuild').catch(() => undefined);
if (esbuild === undefined) {
  console.error('scripts/corpus: the dependencies are missing; run "npm ci" first');
  process.exit(2);
}
const outfile = new URL('../node_modules/.cache/addon-release/corpus.mjs', import.meta.url);
await esbuild.build({
  entryPoints: [fileURLToPath(new URL('../test/unit/addon/corpus/main.ts', import.meta.url))],
  outfile: fileURLToPath(outfile),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'error',
});
const { main } = await import(outfile.href);
process.exitCode = await main(process.argv.slice(2));
