const LIGHT = `
  color-scheme: light;
  --page: #f5f6f8; --card: #ffffff; --inset: #f1f3f6; --text: #18212c; --muted: #55616f;
  --line: #dce1e7; --link: #0a5bb5; --focus: #0a5bb5;
  --ok: #17692f; --ok-bg: #e3f4e8; --warn: #7d4e00; --warn-bg: #fdf1d6;
  --bad: #b3261e; --bad-bg: #fde9e7; --idle: #55616f; --idle-bg: #eceff3;
  --build: #2f6bd8; --emulated: #8149c9; --smoke: #0b7f74; --push: #b65a06; --verify: #5c6877;
  --other: #7c8797; --cached: #a9b4c2; --shadow: 0 1px 2px rgb(20 30 45 / 8%);`;

const DARK = `
  color-scheme: dark;
  --page: #0e1319; --card: #161d26; --inset: #1d2631; --text: #e4eaf1; --muted: #9dabbb;
  --line: #2a3542; --link: #79b4ff; --focus: #79b4ff;
  --ok: #6fd58c; --ok-bg: #12301e; --warn: #efbe62; --warn-bg: #35280e;
  --bad: #ff968c; --bad-bg: #3d1a18; --idle: #9dabbb; --idle-bg: #222c38;
  --build: #386cd0; --emulated: #8450cc; --smoke: #117a6f; --push: #ae5a0e; --verify: #5f6d7f;
  --other: #6d7a8b; --cached: #465363; --shadow: none;`;

/** The whole style of a page. Colours say nothing that a word or sign beside them does not say too. */
export const STYLE = `
:root {${LIGHT}
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  --mono: ui-monospace, SFMono-Regular, Menlo, Consolas, "Noto Sans Mono", "Liberation Mono", monospace;
}
@media (prefers-color-scheme: dark) { :root {${DARK} } }
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 var(--sans); }
main, .top, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
h1, h2, h3, h4 { line-height: 1.25; margin: 0; text-wrap: balance; }
h1 { font-size: 1.9rem; letter-spacing: -.015em; }
h2 { font-size: 1.25rem; } h3 { font-size: 1.05rem; } h4 { font-size: 1rem; }
p { margin: 0; } p + p { margin-top: .5rem; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, [tabindex]:focus-visible {
  outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 4px;
}
code, pre, .mono { font-family: var(--mono); font-size: .85em; }
code { overflow-wrap: anywhere; }
.muted { color: var(--muted); }
.small { font-size: .875rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999px; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }

.top { padding-top: 2rem; }
.title { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .9rem; }
.title h1, .title h2 { overflow-wrap: anywhere; min-width: 0; }
.facts { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; margin: .5rem 0 0; padding: 0; list-style: none;
  color: var(--muted); font-size: .925rem; }
.facts li { min-width: 0; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .4rem; list-style: none; margin: 1.1rem 0 0; padding: 0; }
nav a { display: inline-block; padding: .25rem .7rem; border: 1px solid var(--line); border-radius: 99px;
  background: var(--card); text-decoration: none; font-size: .875rem; }
nav a:hover { border-color: var(--link); }

.badge { display: inline-flex; align-items: center; gap: .35em; padding: .12em .65em; border-radius: 99px;
  font-size: .875rem; font-weight: 600; white-space: nowrap; color: var(--idle); background: var(--idle-bg); }
.ok { color: var(--ok); } .warn { color: var(--warn); } .bad { color: var(--bad); } .idle { color: var(--idle); }
.badge.ok { background: var(--ok-bg); } .badge.warn { background: var(--warn-bg); } .badge.bad { background: var(--bad-bg); }
.mark { font-weight: 700; }
.tag { display: inline-block; padding: 0 .5em; border: 1px solid var(--line); border-radius: 5px; font-size: .8rem;
  color: var(--muted); white-space: nowrap; }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0; }
.figure, section.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; box-shadow: var(--shadow); }
.figure { padding: .8rem 1rem; }
.figure dt { color: var(--muted); font-size: .85rem; }
.figure dd { margin: 0; } .figure dd:first-of-type { font-size: 1.45rem; font-weight: 650; line-height: 1.3;
  font-variant-numeric: tabular-nums; }
section.card { padding: 1.25rem; margin: 1rem 0 0; }
section.card > h2, section.card > h3 { margin-bottom: .75rem; }
section.card > p.lead { margin: -.4rem 0 .9rem; color: var(--muted); max-width: 48rem; }
.title h2 { font-size: 1.6rem; }
.card + .release, .release + .release { margin-top: 3.5rem; padding-top: 2rem; border-top: 2px solid var(--line); }
.call { border-left: 4px solid var(--idle); background: var(--idle-bg); border-radius: 8px; padding: .75rem 1rem; margin: 1rem 0 0; }
.call.bad { border-color: var(--bad); background: var(--bad-bg); color: var(--text); }
.call.warn { border-color: var(--warn); background: var(--warn-bg); color: var(--text); }
.call.bad strong { color: var(--bad); } .call.warn strong { color: var(--warn); }
.call p { overflow-wrap: anywhere; }
.calls { margin: 0 0 1rem; } .calls .call { margin: 0 0 .5rem; }

.scroll { overflow-x: auto; position: relative; max-width: 100%; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; padding: .45rem .75rem .45rem 0; vertical-align: top; border-bottom: 1px solid var(--line); }
tr > :last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 600; font-size: .8rem; white-space: nowrap; vertical-align: bottom; }
tbody th { font-weight: 500; }
tbody tr:last-child > * { border-bottom: 0; }
tfoot th, tfoot td { border-top: 2px solid var(--line); border-bottom: 0; font-weight: 600; }
th.number { text-align: right; }
td.center, th.center { text-align: center; }
td code { overflow-wrap: anywhere; }
.wide { min-width: 17rem; } .half { min-width: 11rem; } td.nowrap, th.nowrap { white-space: nowrap; }
dl.pairs { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .4rem 1.25rem; margin: 0 0 1.1rem; }
dl.pairs dt { color: var(--muted); } dl.pairs dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
ul.plain { list-style: none; margin: 0; padding: 0; }

details { border-top: 1px solid var(--line); }
details:last-of-type { border-bottom: 1px solid var(--line); }
details details { margin-left: 0; }
summary { cursor: pointer; padding: .6rem 0; display: flex; flex-wrap: wrap; gap: .1rem .75rem; align-items: baseline; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary::before { content: ""; flex: none; width: .45em; height: .45em; border: solid currentcolor; border-width: 0 2px 2px 0;
  transform: rotate(-45deg); margin-right: .1rem; align-self: center; }
details[open] > summary::before { transform: rotate(45deg); }
summary strong { font-weight: 600; }
.inside { padding: 0 0 1rem; }
.sub { font-weight: 600; margin: 1rem 0 .4rem; font-size: .95rem; }
pre { margin: 0; padding: .75rem 1rem; background: var(--inset); border-radius: 8px; overflow: auto; max-height: 26rem;
  line-height: 1.45; white-space: pre; tab-size: 4; }

.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; list-style: none; margin: 0 0 1rem; padding: 0; font-size: .85rem;
  color: var(--muted); }
.legend li { display: inline-flex; align-items: center; gap: .45em; }
.swatch { width: 1.1em; height: .8em; border-radius: 3px; background: var(--other); }
.chart { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr); gap: .4rem 1rem; align-items: center; }
.chart .who { font-weight: 600; font-size: .925rem; line-height: 1.25; }
.chart .who span { display: block; font-weight: 400; color: var(--muted); font-size: .8rem; }
.track { position: relative; height: 2.1rem; background: var(--inset); border-radius: 6px; margin: 0; padding: 0; list-style: none;
  overflow: hidden; }
.track.grid { background-image: repeating-linear-gradient(to right, var(--line) 0 1px, transparent 1px var(--tick, 20%)); }
.bar { position: absolute; top: .22rem; bottom: .22rem; min-width: 3px; border-radius: 4px; background: var(--other); color: #fff;
  font-size: .8rem; line-height: 1.66rem; overflow: hidden; white-space: nowrap; text-align: center; container-type: inline-size; }
.bar span { padding: 0 .4em; }
.bar .short { display: none; }
@container (max-width: 7.2rem) { .bar .long { display: none; } .bar .short { display: inline; } }
@container (max-width: 3.4rem) { .bar .short { display: none; } }
.bar.line { top: .62rem; bottom: .62rem; }
.build { background: var(--build); } .smoke { background: var(--smoke); }
.push { background: var(--push); } .verify { background: var(--verify); } .cached { background: var(--cached); }
.emulated { background: var(--emulated); background-image: repeating-linear-gradient(135deg, rgb(255 255 255 / 9%) 0 5px, transparent 5px 10px); }
.broken { box-shadow: inset 0 0 0 2px var(--bad); }
.axis { position: relative; height: 1.4rem; color: var(--muted); font-size: .78rem; font-variant-numeric: tabular-nums; }
.axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.axis span:first-child { transform: none; } .axis span.end { transform: translateX(-100%); }
.flow { position: relative; display: block; height: .9rem; min-width: 9rem; background: var(--inset); border-radius: 4px; margin-top: .25rem; overflow: hidden; }
.flow i { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 3px; }
.meter { display: block; height: .55rem; min-width: 6rem; margin-top: .45rem; background: var(--inset); border-radius: 4px; overflow: hidden; }
.meter i { display: block; height: 100%; background: var(--build); border-radius: 4px; }
footer { color: var(--muted); font-size: .85rem; padding-top: 2rem; padding-bottom: 3rem; overflow-wrap: anywhere; }

@media (max-width: 40rem) {
  main, .top, footer { padding-left: .9rem; padding-right: .9rem; }
  .top { padding-top: 1.25rem; }
  h1 { font-size: 1.55rem; }
  section.card { padding: 1rem .9rem; border-radius: 10px; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: .5rem; }
  .figure { padding: .65rem .8rem; } .figure dd:first-of-type { font-size: 1.2rem; }
  .chart { grid-template-columns: minmax(0, 1fr); gap: .2rem; }
  .chart .who { margin-top: .5rem; } .chart .who span { display: inline; margin-left: .4rem; }
  .chart .gap { display: none; }
  dl.pairs { grid-template-columns: minmax(0, 1fr); gap: .1rem; } dl.pairs dd { margin-bottom: .6rem; }
  pre { font-size: .75rem; }
  table { font-size: .85rem; } th, td { padding-right: .6rem; }
  .wide { min-width: 11rem; } .half { min-width: 8.5rem; }
  .figure:last-child:nth-child(odd) { grid-column: span 2; }
  .flow, .meter { min-width: 5rem; }
  .stack, .stack tbody { display: block; } .stack thead { display: none; }
  .stack tr { display: flex; flex-wrap: wrap; gap: .1rem 1rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .stack tr:last-child { border-bottom: 0; }
  .stack th, .stack td { padding: 0; border: 0; text-align: left; max-width: 100%; }
  .stack th { flex-basis: 100%; font-weight: 600; } .stack .wide, .stack .half { flex-basis: 100%; min-width: 0; order: 1; }
  .stack th.wide, .stack th.half { order: 0; } .stack td { overflow-wrap: anywhere; }
  .stack td::before { content: attr(data-title) ": "; color: var(--muted); font-size: .8rem; }
  .stack td:empty { display: none; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root {${LIGHT} --page: #fff; --shadow: none; }
  body { font-size: 10.5pt; }
  main, .top, footer { max-width: none; padding: 0; }
  nav, .skip, .log { display: none !important; }
  section.card, .figure { break-inside: auto; border-color: #bbb; }
  h2, h3, h4, summary { break-after: avoid; }
  tr, .call, .chart { break-inside: avoid; }
  .scroll, pre { overflow: visible; max-height: none; }
  pre { white-space: pre-wrap; overflow-wrap: anywhere; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  summary::before { display: none; }
  .bar, .swatch, .track, .flow, .flow i, .meter, .meter i, .badge, .call { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; }
}
`;
