// A bar chart of seconds, as SVG that follows the reader's light or dark theme.
import { WAYS } from './ways.mjs';

const [WIDTH, LABELS, ROW, HEAD] = [860, 330, 22, 34];
/** Room behind the longest bar for its figure. */
const FIGURES = 130;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .head { font-weight: 600; font-size: 15px; }
  .other { fill: #8c959f; }
  .ours { fill: #0969da; }
  .spread { stroke: #24292f; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .other { fill: #7d8590; }
    .ours { fill: #4493f8; }
    .spread { stroke: #e6edf3; }
  }`;

const escape = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function drawBar({ title, ours, median, min, max, samples }, y, scale) {
  const [at, width, middle] = [LABELS + 10, Math.max(1, median * scale), y + ROW / 2];
  const whisker =
    samples > 1
      ? `<line class="spread" x1="${(at + min * scale).toFixed(1)}" x2="${(at + max * scale).toFixed(1)}" y1="${middle}" y2="${middle}"/>`
      : '';
  const behind = at + Math.max(width, samples > 1 ? max * scale : 0) + 6;
  return `<text x="${LABELS}" y="${middle + 4}" text-anchor="end">${escape(title)}</text>
<rect class="${ours ? 'ours' : 'other'}" x="${at}" y="${y + 4}" width="${width.toFixed(1)}" height="${ROW - 8}" rx="2"/>
${whisker}<text x="${behind.toFixed(1)}" y="${middle + 4}">${median.toFixed(1)} s</text>`;
}

/** One group of bars per add-on, each with a scale of its own: seconds of different add-ons do not compare. */
export function drawChart(ways) {
  const parts = [];
  let y = 8;
  // Of the same sources, and so to be compared with the heavy add-on.
  const groups = [
    { title: 'Sample add-on', members: [['sample', '']] },
    {
      title: 'Heavy compile step',
      members: [
        ['heavy', ''],
        ['heavy-cross', ', cross-built'],
      ],
    },
  ];
  for (const { title, members } of groups) {
    const bars = members
      .flatMap(([addon, suffix]) =>
        WAYS.map(({ way, title: name, ours = false }) => ({
          ...ways[`${addon}/${way}`],
          ...{ title: `${name}${suffix}`, ours },
        })),
      )
      .filter(({ median }) => median !== undefined);
    if (bars.length === 0) continue;
    const scale = (WIDTH - LABELS - FIGURES) / Math.max(...bars.map(({ max }) => max));
    parts.push(`<text class="head" x="${LABELS + 10}" y="${y + 18}">${title}, seconds</text>`);
    y += HEAD;
    for (const bar of bars) {
      parts.push(drawBar(bar, y, scale));
      y += ROW;
    }
    y += 14;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img" aria-label="Seconds of a release by way">
<style>${STYLE}
</style>
${parts.join('\n')}
</svg>
`;
}
