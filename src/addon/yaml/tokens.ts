/**
 * A piece of a YAML text as libyaml's scanner cuts it; offsets count UTF-16 units.
 * https://github.com/yaml/libyaml/blob/master/include/yaml.h
 */
export type Token = Located & (Mark | Scalar | Name | Tag | Directive);

interface Located {
  readonly start: number;
  readonly end: number;
}

interface Mark {
  readonly kind: MarkKind;
}

export type MarkKind =
  | 'document-start'
  | 'document-end'
  | 'stream-end'
  | 'block-sequence-start'
  | 'block-mapping-start'
  | 'block-end'
  | 'flow-sequence-start'
  | 'flow-sequence-end'
  | 'flow-mapping-start'
  | 'flow-mapping-end'
  | 'block-entry'
  | 'flow-entry'
  | 'key'
  | 'value';

interface Scalar {
  readonly kind: 'scalar';
  readonly text: string;
  /** Neither quoted nor a block. */
  readonly isPlain: boolean;
}

interface Name {
  readonly kind: 'anchor' | 'alias';
  readonly name: string;
}

interface Tag {
  readonly kind: 'tag';
  /** `!`, `!!`, `!name!`, or empty when the suffix is the whole tag. */
  readonly handle: string;
  readonly suffix: string;
}

interface Directive {
  readonly kind: 'version-directive' | 'tag-directive';
  /** The version, or the handle. */
  readonly name: string;
  readonly prefix: string;
}

export type ScalarToken = Located & Scalar;
export type TagToken = Located & Tag;
