import type { AttestationPlan, ReleasePlan } from '../plan/release-plan.js';
import { renderMachine } from './machine-text.js';

function pairs(record: Readonly<Record<string, string>>, indent: string): readonly string[] {
  return Object.entries(record).map(([key, value]) => `${indent}${key}=${value}`);
}

function attested({ provenance, sbom }: AttestationPlan): string {
  const mirror = sbom === undefined || sbom.source === sbom.generator ? '' : ` from ${sbom.source}`;
  return [
    ...(provenance === undefined ? [] : [`provenance (${provenance})`]),
    ...(sbom === undefined ? [] : [`SBOM by ${sbom.generator}${mirror}`]),
  ].join(', ');
}

/** The whole plan for people: what goes into each image, then every write in its order. */
export function renderPlan(plan: ReleasePlan): string {
  const { source } = plan;
  const lines = [
    `${plan.name} (${plan.slug}) ${plan.version}`,
    `  folder    ${plan.folder}`,
    `  source    ${source.revision ?? 'no git repository'}${source.dirty ? ', with uncommitted changes' : ''}`,
    `  created   ${plan.created}`,
    ...(plan.publish ? [`  channel   ${plan.channel}`] : []),
    ...(plan.notOffered === undefined ? [] : [`  store     none: ${plan.notOffered}`]),
    ...(plan.attest === undefined ? [] : [`  attested  ${attested(plan.attest)}`]),
  ];
  for (const arch of plan.architectures) {
    lines.push(
      '',
      `${arch.arch} (${arch.platform}, ${renderMachine(arch.machine)})`,
      `  Dockerfile   ${arch.dockerfile}`,
      ...arch.baseImages.map(({ reference, source: from, platform }) => {
        const mirror = from === reference ? '' : ` from ${from}`;
        return `  base image   ${reference} (${platform})${mirror}`;
      }),
      '  build arguments',
      ...pairs(arch.buildArgs, '    '),
      '  labels',
      ...pairs(arch.labels, '    '),
    );
  }
  lines.push('', 'Writes, in this order');
  plan.writes.forEach(({ kind, target, detail }, index) => {
    lines.push(`  ${String(index + 1).padStart(2)}. ${kind.padEnd(8)}  ${target}  (${detail})`);
  });
  lines.push('', 'Nothing was written.');
  return lines.join('\n');
}
