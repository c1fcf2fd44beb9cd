/** Text that is HTML already. Only `html` makes it, so that nothing gets into a page without being escaped. */
export class Markup {
  private constructor(readonly text: string) {}

  static join(strings: readonly string[], parts: readonly string[]): Markup {
    return new Markup(strings.map((text, index) => text + (parts[index] ?? '')).join(''));
  }
}

export type Content = string | number | Markup | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  // Control characters are not allowed in HTML, escaped or not.
  return text
    .replace(/(?![\t\n\r])\p{Cc}/gu, '')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function render(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.text;
  if (typeof content === 'string' || typeof content === 'number') return escape(String(content));
  return content.map(render).join('');
}

/** A template of HTML: everything that is put into it is escaped, unless it is a template itself. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return Markup.join(strings, values.map(render));
}

/** Links lead to web pages only; anything else stays text. */
export function link(address: string, text: Content): Markup {
  return /^https?:\/\//i.test(address)
    ? html`<a href="${address}" rel="noreferrer">${text}</a>`
    : html`${text}`;
}
