const CELL = { width: 8.4, height: 19 };
const FONT_SIZE = 14;
const MARGIN = 16;

const STYLE = `
text { font: ${FONT_SIZE}px ui-monospace, SFMono-Regular, Menlo, 'DejaVu Sans Mono', Consolas, monospace; fill: #1f2328; white-space: pre }
.paper { fill: #fff; stroke: #d0d7de }
.bold { font-weight: 600 } .dim { fill: #59636e } .red { fill: #cf222e }
.green { fill: #1a7f37 } .yellow { fill: #7d4e00 } .cyan { fill: #0a6b77 }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3 } .paper { fill: #0d1117; stroke: #3d444d }
.dim { fill: #9198a1 } .red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 } .cyan { fill: #39c5cf }
}`;

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function renderLine(texts) {
  const parts = texts.map(({ column, style, text }) => {
    const x = Number((column * CELL.width).toFixed(1));
    return `<tspan x="${x}"${style === '' ? '' : ` class="${style}"`}>${escape(text)}</tspan>`;
  });
  return `<text>${parts.join('')}</text>`;
}

/** Each line that is shown anywhere is written down once; frames, one below the other, name it. */
function renderFrames(frames, height) {
  const names = new Map();
  const renderFrame = (lines, frame) =>
    lines
      .map((texts, row) => {
        if (texts.length === 0) return '';
        const line = renderLine(texts);
        const name = names.get(line) ?? `l${names.size}`;
        names.set(line, name);
        return `<use href="#${name}" y="${frame * height + (row + 1) * CELL.height}"/>`;
      })
      .join('');
  const shown = frames.map(renderFrame);
  const still = renderFrame(frames.at(-1), 0);
  const lines = [...names].map(([line, name]) => line.replace('<text', `<text id="${name}"`));
  return { lines, shown, still };
}

/**
 * A film of a terminal as one SVG file that loads nothing. It follows the reader's light or dark theme; who wants no
 * movement sees the last frame.
 *
 * @param frames of `TerminalScreen.look()`
 * @param options.frameMs how long each is shown, and `restMs` the last
 */
export function animate(frames, { title, columns, rows, frameMs, restMs }) {
  const height = rows * CELL.height + MARGIN;
  const width = Math.ceil(columns * CELL.width);
  const { lines, shown, still } = renderFrames(frames, height);
  const playMs = frameMs * (frames.length - 1);
  const totalMs = playMs + restMs;
  const steps = Math.max(1, frames.length - 1);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 2 * MARGIN} ${height + MARGIN}" role="img" aria-labelledby="title">
<title id="title">${escape(title)}</title>
<style>${STYLE}
.film { animation: play ${totalMs / 1000}s steps(${steps}) infinite }
@keyframes play { ${((100 * playMs) / totalMs).toFixed(2)}%, 100% { transform: translateY(-${(frames.length - 1) * height}px) } }
.still { display: none }
@media (prefers-reduced-motion: reduce) { .film { display: none } .still { display: inline } }
</style>
<defs>
${lines.join('\n')}
</defs>
<rect class="paper" x=".5" y=".5" width="${width + 2 * MARGIN - 1}" height="${height + MARGIN - 1}" rx="8"/>
<svg x="${MARGIN}" y="${MARGIN / 2}" width="${width}" height="${height}">
<g class="film">
${shown.join('\n')}
</g>
<g class="still">
${still}
</g>
</svg>
</svg>
`;
}
