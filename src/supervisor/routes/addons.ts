import { isDeepStrictEqual } from 'node:util';

import {
  checkFields,
  objectOrNull,
  oneOf,
  readBody,
  readTruth,
  textOrNull,
  truth,
  type FieldRule,
} from '../body.js';
import type { AddonInstance } from '../instance.js';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.js';
import { Refusal, replyError, replyOk, replyText, type Reply } from '../reply.js';
import type { AddonDescription, OptionsVerdict } from '../state.js';
import { describeInstalled, describeOtherInfo, describeOwnInfo } from './addon-info.js';
import { followLog, refuseLogFormat } from './logs.js';
import { readJson, type Call, type Route } from './route.js';

const PORT_KEY = /^\d+(?:\/(?:tcp|udp))?$/;

const OPTIONS_FIELDS: Readonly<Record<string, FieldRule>> = {
  boot: oneOf('auto', 'manual'),
  network: objectOrNull,
  auto_update: truth,
  audio_output: textOrNull,
  audio_input: textOrNull,
  ingress_panel: truth,
  watchdog: truth,
  options: objectOrNull,
};

/** Add-ons (supervisor/api/apps.py); `self` stands for the caller. */
export const ADDON_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/addons',
    right: 'manager',
    handle: ({ instance }) => {
      const installed = [instance.addon, ...instance.setup.otherAddons];
      return replyOk({ addons: installed.map((addon) => describeInstalled(addon, instance)) });
    },
  },
  { method: 'POST', path: '/addons/reload', right: 'manager', handle: () => replyOk() },
  {
    method: 'GET',
    path: '/addons/{addon}/info',
    right: 'default',
    handle: (call) => {
      const { addon, isOwn } = findAddon(call);
      return replyOk(
        isOwn ? describeOwnInfo(call.instance) : describeOtherInfo(addon, call.instance),
      );
    },
  },
  {
    method: 'GET',
    path: '/addons/{addon}/options/config',
    right: 'manager',
    handle: readConfig,
  },
  { method: 'POST', path: '/addons/{addon}/options', right: 'manager', handle: writeOptions },
  {
    method: 'POST',
    path: '/addons/{addon}/options/validate',
    right: 'manager',
    handle: validateOptions,
  },
  {
    method: 'POST',
    path: '/addons/{addon}/sys_options',
    right: 'core',
    handle: async (call) => {
      const { settings } = findOwn(call);
      const body = checkFields(await readJson(call), {
        system_managed: truth,
        system_managed_config_entry: textOrNull,
      });
      if ('system_managed' in body) settings.systemManaged = readTruth(body['system_managed']);
      const entry = body['system_managed_config_entry'];
      if (entry === null || typeof entry === 'string') settings.systemManagedConfigEntry = entry;
      return replyOk();
    },
  },
  {
    method: 'POST',
    path: '/addons/{addon}/security',
    right: 'admin',
    handle: async (call) => {
      const body = checkFields(await readJson(call), { protected: truth });
      const { settings } = findOwn(call);
      if ('protected' in body) settings.protected = readTruth(body['protected']);
      return replyOk();
    },
  },
  lifecycleRoute('start', 'onStart'),
  lifecycleRoute('stop', 'onStop'),
  lifecycleRoute('restart', 'onRestart'),
  lifecycleRoute('uninstall', 'onStop'),
  {
    method: 'POST',
    path: '/addons/{addon}/rebuild',
    right: 'manager',
    handle: async (call) => {
      checkFields(await readJson(call), { force: truth });
      const { addon, isOwn } = findAddon(call);
      if (addon.image !== null) return replyError(400, "Can't rebuild an image-based app");
      if (isOwn) await call.hooks.onRestart?.(call.instance.setup);
      return replyOk();
    },
  },
  {
    method: 'POST',
    path: '/addons/{addon}/stdin',
    right: 'manager',
    handle: async (call) => {
      const { addon, isOwn } = findAddon(call);
      if (!addon.flags.stdin) {
        return replyError(400, `App ${addon.fullSlug} does not support writing to stdin`, {
          errorKey: 'app_not_supported_write_stdin_error',
          extraFields: { app: addon.fullSlug },
          ...(isOwn ? { missing: 'stdin: true' } : {}),
        });
      }
      const data = await readBody(call.request);
      if (isOwn) await call.hooks.onStdin?.(data, call.instance.setup);
      return replyOk();
    },
  },
  {
    method: 'GET',
    path: '/addons/{addon}/stats',
    right: 'manager',
    handle: (call) => {
      findAddon(call);
      return replyOk(call.instance.stats);
    },
  },
  ...['logs', 'logs/latest'].map((path): Route => ({
    method: 'GET',
    path: `/addons/{addon}/${path}`,
    right: 'manager',
    handle: (call) => {
      const { isOwn } = findAddon(call);
      return refuseLogFormat(call) ?? replyText(isOwn ? call.instance.logText : '');
    },
  })),
  {
    method: 'GET',
    path: '/addons/{addon}/logs/follow',
    right: 'manager',
    handle: (call) => refuseLogFormat(call) ?? followLog(findOwn(call)),
  },
  {
    method: 'GET',
    path: '/addons/{addon}/changelog',
    right: 'manager',
    handle: (call) => {
      const { addon } = findAddon(call);
      return replyText(addon.changelog ?? `No changelog found for app ${addon.fullSlug}!`);
    },
  },
  {
    method: 'GET',
    path: '/addons/{addon}/documentation',
    right: 'manager',
    handle: (call) => {
      const { addon } = findAddon(call);
      return replyText(addon.documentation ?? `No documentation found for app ${addon.fullSlug}!`);
    },
  },
];

/** The add-on that a path names: the caller for `self` and for its own slug, else an installed one. */
export function findAddon(call: Call): {
  readonly addon: AddonDescription;
  readonly isOwn: boolean;
} {
  const slug = call.params['addon'];
  const { instance } = call;
  if (slug === 'self') {
    if (call.holder === 'core') throw new Refusal(replyError(400, 'Self is not an App'));
    return { addon: instance.addon, isOwn: true };
  }
  if (slug === instance.addon.fullSlug) return { addon: instance.addon, isOwn: true };
  const other = instance.setup.otherAddons.find(({ fullSlug }) => fullSlug === slug);
  if (other === undefined) {
    throw new Refusal(replyError(404, `App ${slug ?? ''} does not exist`));
  }
  return { addon: other, isOwn: false };
}

function findOwn(call: Call): AddonInstance {
  if (!findAddon(call).isOwn) {
    throw new Refusal(replyError(400, 'The stand-in changes only the app under test'));
  }
  return call.instance;
}

function validate(call: Call, options: JsonObject): OptionsVerdict | Promise<OptionsVerdict> {
  return (
    call.hooks.validateOptions?.(options, call.instance.setup) ?? { valid: true, options: options }
  );
}

async function readConfig(call: Call): Promise<Reply> {
  if (call.params['addon'] !== 'self') {
    return replyError(403, 'This can be only read by the app itself!');
  }
  const instance = findOwn(call);
  const verdict = await instance.validated((options) => validate(call, options));
  return verdict.valid
    ? replyOk(verdict.options)
    : {
        ...replyError(400, 'Invalid configuration data for the app'),
        reason: `the options are invalid: ${verdict.message}`,
      };
}

async function writeOptions(call: Call): Promise<Reply> {
  const instance = findOwn(call);
  const { addon, settings } = instance;
  const body = checkFields(await readJson(call), OPTIONS_FIELDS);
  const network = readPorts(body['network']);
  const { options } = body;
  if (options === null) {
    instance.apply({ options: null });
    await call.hooks.onOptions?.(null, instance.setup);
  } else if (isJsonObject(options)) {
    const verdict = await validate(call, options);
    if (!verdict.valid) {
      return replyError(400, `App ${addon.fullSlug} has invalid options: ${verdict.message}`, {
        errorKey: 'app_configuration_invalid_error',
        extraFields: { app: addon.fullSlug, validation_error: verdict.message },
      });
    }
    instance.apply({ options: verdict.options });
    await call.hooks.onOptions?.(verdict.options, instance.setup);
  }
  if (typeof body['boot'] === 'string') {
    if (addon.bootConfig === 'manual_only') {
      return replyError(
        400,
        `App ${addon.fullSlug} boot option is set to manual_only so it cannot be changed`,
        {
          errorKey: 'app_boot_config_cannot_change_error',
          extraFields: { app: addon.fullSlug, boot_config: 'manual_only' },
        },
      );
    }
    settings.boot = body['boot'];
  }
  if (network !== undefined) instance.network = network ?? addon.network;
  if ('auto_update' in body) settings.autoUpdate = readTruth(body['auto_update']);
  if ('watchdog' in body) {
    settings.watchdog = readTruth(body['watchdog']) && addon.startup !== 'once';
  }
  if ('ingress_panel' in body) settings.ingressPanel = readTruth(body['ingress_panel']);
  const { audio_input: audioInput, audio_output: audioOutput } = body;
  if (audioInput === null || typeof audioInput === 'string') settings.audioInput = audioInput;
  if (audioOutput === null || typeof audioOutput === 'string') settings.audioOutput = audioOutput;
  return replyOk();
}

function readPorts(
  value: JsonValue | undefined,
): Readonly<Record<string, number | null>> | null | undefined {
  if (value === undefined || value === null) return value;
  const ports: Record<string, number | null> = {};
  for (const [key, host] of Object.entries(value)) {
    const number = host === null ? null : Number(host);
    if (!PORT_KEY.test(key) || (number !== null && !(number >= 1 && number <= 65_535))) {
      throw new Refusal(replyError(400, `not a valid value @ data['network']['${key}']`));
    }
    ports[key] = number;
  }
  return ports;
}

async function validateOptions(call: Call): Promise<Reply> {
  const instance = findOwn(call);
  const body = checkOptionsObject(await readJson(call));
  const options = isDeepStrictEqual(body, {}) ? instance.options : body;
  const verdict = await validate(call, options);
  return replyOk({
    message: verdict.valid ? '' : verdict.message,
    valid: verdict.valid,
    pwned: false,
  });
}

function checkOptionsObject(body: JsonValue): JsonObject {
  if (isJsonObject(body)) return body;
  throw new Refusal(replyError(400, 'expected a dictionary'));
}

function lifecycleRoute(
  action: 'start' | 'stop' | 'restart' | 'uninstall',
  hook: 'onStart' | 'onStop' | 'onRestart',
): Route {
  return {
    method: 'POST',
    path: `/addons/{addon}/${action}`,
    right: 'manager',
    handle: async (call) => {
      if (action === 'uninstall') checkFields(await readJson(call), { remove_config: truth });
      const { isOwn } = findAddon(call);
      if (isOwn) await call.hooks[hook]?.(call.instance.setup);
      return replyOk();
    },
  };
}
