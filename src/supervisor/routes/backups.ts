import { randomBytes } from 'node:crypto';

import {
  anything,
  checkFields,
  objectOrNull,
  readTruth,
  text,
  textOrNull,
  truth,
  type FieldRule,
} from '../body.js';
import type { Backup } from '../instance.js';
import { Refusal, replyError, replyOk, type Reply } from '../reply.js';
import { accept } from './families.js';
import { readJson, type Call, type Route } from './route.js';

const DAYS_UNTIL_STALE = 30;

const FULL_FIELDS: Readonly<Record<string, FieldRule>> = {
  name: text,
  filename: text,
  password: textOrNull,
  compressed: truth,
  location: anything,
  homeassistant_exclude_database: truth,
  background: truth,
  extra: objectOrNull,
};
const PARTIAL_FIELDS = { addons: anything, folders: anything, homeassistant: truth } as const;
const RESTORE_FIELDS = { password: textOrNull, background: truth, location: textOrNull } as const;

/** Backups (supervisor/api/backups.py): they can be made, listed and removed, but hold no data. */
export const BACKUP_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/backups',
    right: 'backup',
    handle: ({ instance }) => replyOk({ backups: [...instance.backups.values()].map(describe) }),
  },
  {
    method: 'GET',
    path: '/backups/info',
    right: 'default',
    handle: ({ instance }) =>
      replyOk({
        backups: [...instance.backups.values()].map(describe),
        days_until_stale: DAYS_UNTIL_STALE,
      }),
  },
  {
    method: 'GET',
    path: '/backups/{slug}/info',
    right: 'default',
    handle: (call) => {
      const backup = findBackup(call);
      return replyOk({
        ...describe(backup),
        supervisor_version: call.instance.setup.versions.supervisor,
        homeassistant: backup.homeassistant ? call.instance.setup.versions.core : null,
        addons: backup.addons.map((slug) => ({ slug, name: slug, version: '', size: 0 })),
        repositories: [call.instance.setup.repository.source],
        folders: backup.folders,
        homeassistant_exclude_database: false,
        extra: {},
      });
    },
  },
  accept({ method: 'POST', path: '/backups/reload', right: 'backup' }),
  accept({
    method: 'POST',
    path: '/backups/freeze',
    right: 'backup',
    fields: { timeout: anything },
  }),
  accept({ method: 'POST', path: '/backups/thaw', right: 'backup' }),
  accept({
    method: 'POST',
    path: '/backups/options',
    right: 'backup',
    fields: { days_until_stale: anything },
  }),
  {
    method: 'POST',
    path: '/backups/new/full',
    right: 'backup',
    handle: (call) => createBackup(call, 'full'),
  },
  {
    method: 'POST',
    path: '/backups/new/partial',
    right: 'backup',
    handle: (call) => createBackup(call, 'partial'),
  },
  ...(['full', 'partial'] as const).map((kind): Route => ({
    method: 'POST',
    path: `/backups/{slug}/restore/${kind}`,
    right: 'backup',
    handle: async (call) => {
      findBackup(call);
      checkFields(await readJson(call), {
        ...RESTORE_FIELDS,
        ...(kind === 'partial' ? PARTIAL_FIELDS : {}),
      });
      return replyOk({ job_id: createJobId() });
    },
  })),
  {
    method: 'DELETE',
    path: '/backups/{slug}',
    right: 'backup',
    handle: async (call) => {
      const { slug } = findBackup(call);
      checkFields(await readJson(call), { location: anything });
      call.instance.backups.delete(slug);
      return replyOk();
    },
  },
];

async function createBackup(call: Call, type: Backup['type']): Promise<Reply> {
  const { instance } = call;
  const body = checkFields(await readJson(call), {
    ...FULL_FIELDS,
    ...(type === 'partial' ? PARTIAL_FIELDS : {}),
  });
  const date = new Date().toISOString();
  const slug = randomBytes(4).toString('hex');
  instance.backups.set(slug, {
    slug,
    type,
    date,
    name: typeof body['name'] === 'string' ? body['name'] : `Backup ${date}`,
    protected: typeof body['password'] === 'string',
    homeassistant: type === 'full' || readTruth(body['homeassistant']),
    addons: type === 'full' ? [instance.addon.fullSlug] : listTexts(body['addons']),
    folders: type === 'full' ? ['share', 'ssl', 'media'] : listTexts(body['folders']),
  });
  return replyOk({ job_id: createJobId(), slug });
}

function findBackup(call: Call): Backup {
  const backup = call.instance.backups.get(call.params['slug'] ?? '');
  if (backup === undefined) throw new Refusal(replyError(404, 'Backup does not exist'));
  return backup;
}

function describe(backup: Backup) {
  return {
    slug: backup.slug,
    name: backup.name,
    date: backup.date,
    type: backup.type,
    size: 0,
    size_bytes: 0,
    location: null,
    locations: [null],
    location_attributes: { '.local': { protected: backup.protected, size_bytes: 0 } },
    protected: backup.protected,
    protected_locations: backup.protected ? [null] : [],
    compressed: true,
    content: {
      homeassistant: backup.homeassistant,
      addons: backup.addons,
      folders: backup.folders,
    },
  };
}

function listTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function createJobId(): string {
  return randomBytes(16).toString('hex');
}
