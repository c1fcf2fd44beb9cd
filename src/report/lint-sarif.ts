import { isAbsolute, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { LintReport, ReportedFinding } from '../lint/lint.js';
import type { RuleFacts } from '../lint/rule.js';
import { VERSION } from '../version.js';

const PROJECT = 'https://github.com/addon-release/addon-release';

/** The section of the documentation that a rule has. */
export function documentationOf({ id }: RuleFacts): string {
  return `${PROJECT}/blob/main/docs/lint.md#${id}`;
}

/**
 * The findings as SARIF 2.1.0, which GitHub's code scanning and many editors read.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 *
 * @param rules every rule there is
 * @param root the folder that paths are relative to: the root of the checkout
 */
export function toSarif(
  { findings }: LintReport,
  rules: readonly RuleFacts[],
  root: string,
): Readonly<Record<string, unknown>> {
  const indexes = new Map(rules.map(({ id }, index) => [id, index]));
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'addon-release',
            semanticVersion: VERSION,
            informationUri: PROJECT,
            rules: rules.map(toDescriptor),
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { SRCROOT: { uri: pathToFileURL(root).href.replace(/\/?$/, '/') } },
        results: findings.map((finding) => toResult(finding, indexes, root)),
      },
    ],
  };
}

function toDescriptor(rule: RuleFacts): Readonly<Record<string, unknown>> {
  return {
    id: rule.id,
    shortDescription: { text: `${rule.summary}.` },
    fullDescription: { text: rule.why },
    help: { text: rule.remedy, markdown: `${rule.why}\n\n${rule.remedy}` },
    helpUri: documentationOf(rule),
    defaultConfiguration: { level: rule.severity },
  };
}

function locate(file: string, root: string): Readonly<Record<string, string>> {
  // The reference of an image is no path.
  const path = isAbsolute(file) ? relative(root, file) : file;
  const parts = path.split(sep);
  if (parts[0] === '..') return { uri: pathToFileURL(file).href };
  const uri = parts.map(encodeURIComponent).join('/');
  return { uri: uri === '' ? '.' : uri, uriBaseId: 'SRCROOT' };
}

function toResult(
  { rule, severity, file, line, column, message, hint }: ReportedFinding,
  indexes: ReadonlyMap<string, number>,
  root: string,
): Readonly<Record<string, unknown>> {
  return {
    ruleId: rule.id,
    ruleIndex: indexes.get(rule.id) ?? -1,
    level: severity,
    message: { text: hint === undefined ? message : `${message}\n${hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: locate(file, root),
          // GitHub shows only what has a place in the file.
          region: { startLine: line ?? 1, startColumn: column ?? 1 },
        },
      },
    ],
  };
}
