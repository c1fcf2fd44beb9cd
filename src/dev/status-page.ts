import { describeRequest, type RecordedRequest } from '../supervisor/request-record.js';

/** A request of the add-on to the Supervisor. */
export interface SeenRequest {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly record: RecordedRequest;
}

/** What the page at `/.addon-release/` shows. */
export interface StatusView {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
  /** The add-on has come up: what its page answers is its own. */
  readonly isUp: boolean;
  /** What the container does, in words. */
  readonly state: string;
  /** What the build does, or why the last one failed. */
  readonly build: string;
  /** Path of the add-on's page; undefined when it has none. */
  readonly pagePath: string | undefined;
  readonly ports: readonly string[];
  /** The options in force, or the text that could not be saved. */
  readonly optionsText: string;
  /** Why the options could not be saved or used. */
  readonly problems: readonly string[];
  /** Where the options come from. */
  readonly optionsSource: string;
  /** Oldest first. */
  readonly requests: readonly SeenRequest[];
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
textarea { box-sizing: border-box; width: 100%; font: 14px/1.4 ui-monospace, monospace; }
pre, td { font: 14px/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
td { padding: 0 1rem 0 0; vertical-align: top; }
.problem { color: #c22; }
button { font: inherit; margin-right: .5rem; }
`;

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function renderDocument(title: string, nonce: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${head}<title>${escapeHtml(title)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

function renderRequests(requests: readonly SeenRequest[]): string {
  if (requests.length === 0) return '<p>None yet.</p>';
  const rows = requests.toReversed().map(({ at, record }) => {
    const refused = record.status >= 400 ? ' class="problem"' : '';
    const time = new Date(at).toISOString().slice(11, 19);
    return `<tr${refused}><td>${time}</td><td>${escapeHtml(describeRequest(record))}</td></tr>`;
  });
  return `<table>\n${rows.join('\n')}\n</table>`;
}

/**
 * The page that shows what an add-on does and lets its options be changed. It needs nothing from elsewhere and no
 * script.
 *
 * @param token proves that the form was made by this page
 * @param nonce allows the page's own style
 */
export function renderStatusPage(view: StatusView, token: string, nonce: string): string {
  const rows = Math.min(40, Math.max(8, view.optionsText.split('\n').length + 1));
  const problems = view.problems.map((text) => `<li>${escapeHtml(text)}</li>`).join('\n');
  const ports = view.ports.map((text) => `<li>${escapeHtml(text)}</li>`).join('\n');
  const page =
    view.pagePath === undefined
      ? '<p>It has no page: <code>ingress</code> is off.</p>'
      : `<p><a href="${escapeHtml(view.pagePath)}">Open its page</a></p>`;
  const title = `${view.name} ${view.version} (${view.arch})`;
  return renderDocument(
    `${view.name}: addon-release dev`,
    nonce,
    '',
    `<h1>${escapeHtml(title)}</h1>
<p id="state">${escapeHtml(view.state)}</p>
<pre id="build">${escapeHtml(view.build)}</pre>
${page}
${ports === '' ? '' : `<ul>\n${ports}\n</ul>`}
<h2>Options</h2>
<p>From ${escapeHtml(view.optionsSource)}.</p>
${problems === '' ? '' : `<ul id="problems" class="problem">\n${problems}\n</ul>`}
<form method="post" action="/.addon-release/">
<input type="hidden" name="token" value="${escapeHtml(token)}">
<textarea name="options" rows="${rows}" spellcheck="false" aria-label="Options as JSON">
${escapeHtml(view.optionsText)}</textarea>
<p>
<button name="action" value="save">Save and restart</button>
<button name="action" value="reset">Back to smoke.yaml</button>
<button name="action" value="restart">Restart</button>
</p>
</form>
<h2>Requests to the Supervisor</h2>
<p>The last ${view.requests.length}, newest first, times in UTC. <a href="/.addon-release/">Look again</a></p>
${renderRequests(view.requests)}`,
  );
}

/** What a browser sees in place of the add-on's page while nothing answers; it asks again by itself. */
export function renderWaitingPage(state: string, build: string, nonce: string): string {
  return renderDocument(
    'addon-release dev',
    nonce,
    '<meta http-equiv="refresh" content="2">\n',
    `<h1>The add-on does not answer</h1>
<p>${escapeHtml(state)}</p>
<pre>${escapeHtml(build)}</pre>
<p>This page asks again every two seconds. <a href="/.addon-release/">State and options</a></p>`,
  );
}
