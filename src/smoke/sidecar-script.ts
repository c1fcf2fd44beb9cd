import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NAME = 'sidecar.cjs';

/** The bundled stand-in Supervisor, which is installed beside this program. */
export function sidecarScript(): string {
  const beside = fileURLToPath(new URL(NAME, import.meta.url));
  return existsSync(beside)
    ? beside
    : fileURLToPath(new URL(`../../dist/${NAME}`, import.meta.url));
}
