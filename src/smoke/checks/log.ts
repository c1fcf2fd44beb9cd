import type { SmokeCheck } from '../check.js';
import { failed, passed, warning } from '../report.js';

/** `log` of smoke.yaml, and what looks like an error in any log. */
export const logCheck: SmokeCheck = {
  id: 'log',
  title: 'its log is in order',
  needs: ['start'],
  run: async ({ container, logWatch }) => {
    if (!(await container.state()).running) await container.waitForLog();
    const { forbidden, missing, suspicious, lines } = logWatch.findings();
    if (forbidden.length > 0) {
      return failed(
        `not allowed by smoke.yaml: ${forbidden.join(' | ')}`,
        'Find out why it is logged.',
      );
    }
    if (missing.length > 0) {
      return failed(
        `never logged: ${missing.join(', ')}`,
        'Correct log.require in smoke.yaml, or the add-on.',
      );
    }
    return suspicious.length > 0
      ? warning(suspicious.join(' | '), 'Look at the log: these lines look like errors.')
      : passed(`${lines} lines, no errors`);
  },
};
