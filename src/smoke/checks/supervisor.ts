import type { Addon } from '../../addon/types.js';
import { describeRequest, type RecordedRequest } from '../../supervisor/request-record.js';
import type { SmokeCheck } from '../check.js';
import { failed, passed, skipped, warning, type CheckFinding } from '../report.js';

const SERVICE = /^\/services\/(mqtt|mysql)$/;

/** What the Supervisor would do to the container at once, and a test of this very container can't. */
function isIneffective({ method, path, status }: RecordedRequest): boolean {
  return method === 'POST' && status === 200 && /^\/addons\/[^/]+\/(?:restart|stop)$/.test(path);
}

/** The name of a service that was asked for and that nobody provides. */
function findUnprovided({ method, path, status }: RecordedRequest): string | undefined {
  return method === 'GET' && status === 400 ? SERVICE.exec(path)?.[1] : undefined;
}

/**
 * Answers that no add-on counts on. Asking for an entity, a message or a provider that isn't there (404) or is there
 * already (409) is an ordinary question.
 */
function isUnexpected(request: RecordedRequest): boolean {
  const { status, unsupported = false } = request;
  if (status < 400 || findUnprovided(request) !== undefined) return false;
  return unsupported || (status !== 404 && status !== 409);
}

interface Complaint {
  readonly evidence: string;
  readonly hint: string;
}

function complain(
  requests: readonly RecordedRequest[],
  hint: string,
  more = '',
): readonly Complaint[] {
  const lines = [...new Set(requests.map(describeRequest))];
  return lines.length === 0 ? [] : [{ evidence: lines.join('; ') + more, hint }];
}

function listComplaints(
  { services }: Pick<Addon, 'services'>,
  all: readonly RecordedRequest[],
): readonly Complaint[] {
  const needed = services.filter(({ rights }) => rights === 'need').map(({ service }) => service);
  const absent = new Set<string>(all.flatMap((request) => findUnprovided(request) ?? []));
  const unprovided = needed.filter((name) => absent.has(name));
  const unexpected = all.filter(isUnexpected);
  return [
    ...(unprovided.length === 0
      ? []
      : [
          {
            evidence: `it needs ${unprovided.join(' and ')}, which nobody provides in this test`,
            hint: `\`services: [${unprovided.join(', ')}]\` in smoke.yaml lets the Supervisor offer it.`,
          },
        ]),
    ...complain(
      unexpected.filter(({ unsupported }) => unsupported !== true),
      'Correct the request: on an installation the answer is the same.',
    ),
    ...complain(
      unexpected.filter(({ unsupported }) => unsupported === true),
      'Is it written correctly? What is not in docs/supervisor.md is not tested here.',
    ),
    ...complain(
      all.filter(isIneffective),
      'What comes after that is not tested here; `addon-release dev` does what the add-on asks for.',
      ', but nothing was done about it',
    ),
  ];
}

function judge(addon: Addon, all: readonly RecordedRequest[]): CheckFinding {
  if (all.length === 0) return skipped('it asked for nothing');
  const [refused] = complain(
    all.filter(({ missing }) => missing !== undefined),
    'Add the missing lines to the config, or do not ask.',
  );
  if (refused !== undefined) return failed(refused.evidence, refused.hint);
  const complaints = listComplaints(addon, all);
  if (complaints.length > 0) {
    return warning(
      complaints.map(({ evidence }) => evidence).join('; '),
      complaints.map(({ hint }) => hint).join(' '),
    );
  }
  const paths = [...new Set(all.map(({ path }) => path))];
  return passed(`${all.length} requests: ${paths.slice(0, 5).join(', ')}`);
}

/** What the add-on asked the Supervisor for, and what it was refused for want of a right. */
export const supervisorCheck: SmokeCheck = {
  id: 'supervisor',
  title: 'it asks the Supervisor only for what its config allows',
  needs: ['start'],
  run: ({ addon, requests }) => Promise.resolve(judge(addon, requests())),
};
