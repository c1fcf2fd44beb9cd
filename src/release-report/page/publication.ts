import type { ReleaseReport } from '../model.js';
import { html, link, type Content, type Markup } from './markup.js';
import { name, table } from './parts.js';

/** What was released: names, digests, and where it is announced. */
export function renderPublication(release: ReleaseReport): Content {
  const { publication, architectures } = release;
  const images = architectures.filter(({ image }) => image !== undefined);
  const rows = [
    ...images.map(({ arch, platform, outcome, image }) => [
      html`${arch}<br /><span class="muted small">${platform}</span>`,
      outcome,
      image?.manifestDigest === undefined
        ? html`<span class="muted">not pushed</span>`
        : name(`${image.repository ?? ''}@${image.manifestDigest}`),
      name(image?.configDigest ?? '–'),
    ]),
    ...(publication?.index === undefined
      ? []
      : [
          [
            'all: the index',
            'published',
            name(`${publication.index.repository}@${publication.index.digest}`),
            html`<span class="muted">–</span>`,
          ],
        ]),
  ];
  const list = (names: readonly string[]): Markup =>
    html`<ul class="plain">
      ${names.map((text) => html`<li>${name(text)}</li>`)}
    </ul>`;
  const pairs: readonly (readonly [string, Content])[] = [
    ...(publication?.storeLink === undefined
      ? []
      : [
          ['Store', link(publication.storeLink, 'Open the add-on in your Home Assistant')] as const,
        ]),
    ...(publication?.pullRequest === undefined
      ? []
      : [['Pull request', link(publication.pullRequest, publication.pullRequest)] as const]),
    ...(publication?.githubRelease === undefined
      ? []
      : [['GitHub Release', link(publication.githubRelease, publication.githubRelease)] as const]),
    ...(publication === undefined ? [] : [['Names', list(publication.tags)] as const]),
    ...((publication?.signatures ?? []).length === 0
      ? []
      : [['Signed', list(publication?.signatures ?? [])] as const]),
    ...(publication?.gitTag === undefined
      ? []
      : [
          [
            'Git',
            html`tag <code>${publication.gitTag}</code>, commit
              <code>${publication.commit ?? ''}</code>`,
          ] as const,
        ]),
  ];
  return html`${
    publication?.existed === true
      ? html`<p class="lead">The registry had this very release before this run.</p>`
      : undefined
  }${
    pairs.length === 0
      ? undefined
      : html`<dl class="pairs">
          ${pairs.map(
            ([name, value]) =>
              html`<dt>${name}</dt>
                <dd>${value}</dd>`,
          )}
        </dl>`
  }${table(
    'Images',
    [
      { title: 'Image', kind: 'nowrap' },
      { title: 'State', kind: 'nowrap' },
      { title: 'Where it is', kind: 'wide' },
      { title: 'What was tested', kind: 'wide' },
    ],
    rows,
  )}`;
}
