import type { RegexNode } from './syntax.js';

/** How many code points a part of a pattern can match. */
export interface Width {
  readonly min: number;
  readonly max: number;
}

/**
 * Measures a part of a pattern.
 *
 * @param groups the bodies of the captures by their number, `'open'` where not yet known
 */
export function measureWidth(node: RegexNode, groups: readonly (RegexNode | 'open')[]): Width {
  switch (node.kind) {
    case 'character':
    case 'any':
    case 'category':
    case 'set':
      return { min: 1, max: 1 };
    case 'anchor':
    case 'look':
      return { min: 0, max: 0 };
    case 'sequence':
      return node.items
        .map((item) => measureWidth(item, groups))
        .reduce((sum, { min, max }) => ({ min: sum.min + min, max: sum.max + max }), {
          min: 0,
          max: 0,
        });
    case 'choice': {
      const widths = node.branches.map((branch) => measureWidth(branch, groups));
      return {
        min: Math.min(...widths.map(({ min }) => min)),
        max: Math.max(...widths.map(({ max }) => max)),
      };
    }
    case 'capture':
    case 'group':
    case 'atomic':
      return measureWidth(node.body, groups);
    case 'reference': {
      const group = groups[node.index];
      return group === undefined || group === 'open'
        ? { min: 0, max: Infinity }
        : measureWidth(group, groups);
    }
    case 'repeat': {
      const { min, max } = measureWidth(node.body, groups);
      return { min: min * node.min, max: max === 0 ? 0 : max * node.max };
    }
  }
}
