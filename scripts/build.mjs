// Bundles the program into dist/: few files, so that it starts fast and needs nothing else installed.
import { chmod, rm } from 'node:fs/promises';
import { build } from 'esbuild';

await rm('dist', { recursive: true, force: true });

const common = { bundle: true, platform: 'node', logLevel: 'warning', legalComments: 'linked' };

await build({
  ...common,
  entryPoints: { main: 'src/main.ts' },
  outdir: 'dist',
  format: 'esm',
  target: 'node20.19',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  // CommonJS dependencies inside the bundle call require for Node's own modules.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
});

// Runs inside a container, also by the Node.js 18 of a distribution.
await build({
  ...common,
  entryPoints: { sidecar: 'src/supervisor/sidecar.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.cjs' },
  format: 'cjs',
  target: 'node18',
});

await chmod('dist/main.js', 0o755);
