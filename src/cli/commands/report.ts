import { defineCommand, type Flags } from '../command.js';
import { addOutputOptions } from '../flags.js';

export interface ReportFlags extends Flags {
  readonly format?: string;
  readonly open?: boolean;
}

export const reportCommand = defineCommand<ReportFlags>({
  name: 'report',
  description: 'tell what a run did: a page to read and to keep, or Markdown, or JSON',
  arguments: [{ syntax: '[run...]', description: 'runs (default: the last one from this folder)' }],
  examples: `  addon-release report --open                open the last run's page in the browser
  addon-release report --format markdown     for a merge request, or the notes of a release
  addon-release report --out release.json    as JSON; the name's end tells the form
  addon-release report 20260201T101500Z-42   a certain run; several make one page`,
  configure: (command) =>
    addOutputOptions(command)
      .option('--format <format>', 'html, markdown or json (default: html)')
      .option('--out <file>', "write it there instead of the run's folder or standard output")
      .option('--open', 'open it with the program that shows such files'),
  run: async (invocation, context) => {
    const { runReport } = await import('../runs/report.js');
    return runReport(invocation, context);
  },
});
