import type { SmokeCheck } from '../check.js';
import { failed, passed, warning } from '../report.js';

/** `log` of smoke.yaml, and what looks like an error in any log. */
export const logCheck: SmokeCheck = {
  id: 'log',
  title: 'its log is in order',
  needs: ['start'],
  run: ({ logWatch }) => {
    const { forbidden, missing, suspicious, lines } = logWatch.findings();
    if (forbidden.length > 0) {
      return Promise.resolve(
        failed(`not allowed by smoke.yaml: ${forbidden.join(' | ')}`, 'Find out why it is logged.'),
      );
    }
    if (missing.length > 0) {
      return Promise.resolve(
        failed(
          `never logged: ${missing.join(', ')}`,
          'Correct log.require in smoke.yaml, or the add-on.',
        ),
      );
    }
    return Promise.resolve(
      suspicious.length > 0
        ? warning(suspicious.join(' | '), 'Look at the log: these lines look like errors.')
        : passed(`${lines} lines, no errors`),
    );
  },
};
