import { checkFields, required, text, truth } from '../body.js';
import { Refusal, replyError, replyOk, replyText, type Reply } from '../reply.js';
import type { AddonDescription, RepositoryDescription } from '../state.js';
import { describeStoreAddon, describeStoreEntry } from './addon-info.js';
import { readJson, type Call, type OpenCall, type Route } from './route.js';

/** The store (supervisor/api/store.py): it holds what is installed, and the repository of the add-on under test. */
export const STORE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/store',
    right: 'manager',
    handle: (call) =>
      replyOk({
        ...listAddons(call),
        repositories: [call.instance.setup.repository],
      }),
  },
  {
    method: 'GET',
    path: '/store/addons',
    right: 'manager',
    handle: (call) => replyOk(listAddons(call)),
  },
  {
    method: 'GET',
    path: '/store/addons/{addon}',
    right: 'manager',
    handle: (call) => replyOk(describeStoreAddon(findStoreAddon(call), call.instance)),
  },
  ...['/store/addons', '/addons'].flatMap((base): readonly Route[] => [
    { method: 'POST', path: `${base}/{addon}/install`, right: 'manager', handle: install },
    { method: 'POST', path: `${base}/{addon}/update`, right: 'manager', handle: update },
  ]),
  ...(['changelog', 'documentation'] as const).map((kind): Route => ({
    method: 'GET',
    path: `/store/addons/{addon}/${kind}`,
    right: 'manager',
    handle: (call) => {
      const addon = findStoreAddon(call);
      return replyText(addon[kind] ?? `No ${kind} found for app ${addon.fullSlug}!`);
    },
  })),
  ...['/store/addons', '/addons'].flatMap((base) =>
    ['icon', 'logo'].map((kind): Route => ({
      method: 'GET',
      path: `${base}/{addon}/${kind}`,
      right: 'open',
      handle: (call) => refuseImage(call, kind),
    })),
  ),
  { method: 'POST', path: '/store/reload', right: 'manager', handle: () => replyOk() },
  {
    method: 'GET',
    path: '/store/repositories',
    right: 'manager',
    handle: ({ instance }) => replyOk([instance.setup.repository]),
  },
  {
    method: 'POST',
    path: '/store/repositories',
    right: 'manager',
    handle: async (call) => {
      const body = checkFields(await readJson(call), { repository: required(text) });
      return body['repository'] === call.instance.setup.repository.source
        ? replyError(400, `Can't add ${body['repository']}, already in the store`)
        : replyOk();
    },
  },
  {
    method: 'GET',
    path: '/store/repositories/{repository}',
    right: 'manager',
    handle: (call) => replyOk(findRepository(call)),
  },
  {
    method: 'DELETE',
    path: '/store/repositories/{repository}',
    right: 'manager',
    handle: (call) => {
      const { slug } = findRepository(call);
      return replyError(400, `Can't remove ${slug}, it is in use by installed apps`);
    },
  },
  {
    method: 'POST',
    path: '/store/repositories/{repository}/repair',
    right: 'manager',
    handle: (call) => {
      findRepository(call);
      return replyOk();
    },
  },
];

function listAddons({ instance }: Call) {
  const addons = [instance.addon, ...instance.setup.otherAddons];
  return { addons: addons.map((addon) => describeStoreEntry(addon, instance)) };
}

function findStoreAddon(call: Call): AddonDescription {
  const slug = call.params['addon'] ?? '';
  const { addon, setup } = call.instance;
  const found = [addon, ...setup.otherAddons].find(({ fullSlug }) => fullSlug === slug);
  if (found !== undefined) return found;
  throw new Refusal(
    replyError(404, `App ${slug} does not exist in the store`, {
      errorKey: 'store_app_not_found_error',
      extraFields: { app: slug },
    }),
  );
}

function findRepository(call: Call): RepositoryDescription {
  const slug = call.params['repository'] ?? '';
  const { repository } = call.instance.setup;
  if (repository.slug === slug) return repository;
  throw new Refusal(replyError(404, `Repository ${slug} does not exist in the store`));
}

function install(call: Call): Reply {
  const { fullSlug } = findStoreAddon(call);
  return replyError(400, `App ${fullSlug} is already installed`, {
    errorKey: 'app_already_installed_error',
    extraFields: { app: fullSlug },
  });
}

async function update(call: Call): Promise<Reply> {
  const { fullSlug } = findStoreAddon(call);
  checkFields(await readJson(call), { backup: truth, background: truth });
  if (fullSlug === call.instance.addon.fullSlug) {
    return replyError(403, `App ${fullSlug} can't update itself!`);
  }
  return replyError(400, `No update available for app ${fullSlug}`, {
    errorKey: 'app_no_update_available_error',
    extraFields: { app: fullSlug },
  });
}

function refuseImage(call: OpenCall, kind: string): Reply {
  const reason = `No ${kind} found for app ${call.params['addon'] ?? ''}!`;
  return { ...replyText(reason, 400), reason };
}
