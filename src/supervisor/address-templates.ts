import { isTruthy, type JsonObject } from './json.js';

/** Container port (`8080/tcp`) to host port, null when it is not published. */
export type PortMap = Readonly<Record<string, number | null>>;

/** What the Supervisor's watchdog does with an add-on's `watchdog` value. */
export interface WatchdogProbe {
  readonly kind: 'tcp' | 'http';
  readonly port: number;
  /** Everything after the port, such as `/health?full=1`; empty when nothing follows. */
  readonly path: string;
  /** True when the probe speaks TLS; the certificate is never verified. */
  readonly tls: boolean;
}

export interface TemplateContext {
  /** The effective options: `[PROTO:key]` asks whether one of them is set. */
  readonly options: JsonObject;
  readonly portMap: PortMap;
  readonly hostNetwork: boolean;
}

export interface WebuiAddress {
  readonly tls: boolean;
  /** Host port, or null when the container port is not published. */
  readonly port: number | null;
  readonly path: string;
}

const WATCHDOG =
  /^(?:(?<scheme>https?|tcp)|\[PROTO:(?<option>\w+)\]):\/\/\[HOST\]:(?:\[PORT:(?<inner>\d+)\]|(?<plain>\d+))(?<path>.*)$/;
const WEBUI =
  /^(?:(?<scheme>https?)|\[PROTO:(?<option>\w+)\]):\/\/\[HOST\]:\[PORT:(?<inner>\d+)\](?<path>.*)$/;

/**
 * Resolves a `watchdog` value to what is probed at the container's address (the gateway's address with
 * `host_network`). Published ports count only with `host_network`, where `<port>/tcp` may be remapped.
 * Source: supervisor/apps/app.py, `watchdog_application`.
 *
 * @returns undefined when the text is not a watchdog URL.
 */
export function watchdogProbe(
  template: string,
  context: TemplateContext,
): WatchdogProbe | undefined {
  const groups = WATCHDOG.exec(template)?.groups;
  if (groups === undefined) return undefined;
  const containerPort = Number(groups['inner'] ?? groups['plain']);
  const mapped = context.hostNetwork ? context.portMap[`${containerPort}/tcp`] : undefined;
  return {
    kind: groups['scheme'] === 'tcp' ? 'tcp' : 'http',
    port: mapped ?? containerPort,
    path: groups['path'] ?? '',
    tls: usesTls(groups['scheme'], groups['option'], context.options),
  };
}

/**
 * Resolves a `webui` value: `[PORT:n]` becomes the host port of `n/tcp` (n itself when the add-on names no such
 * port), `[PROTO:key]` becomes https when the option is set. Source: supervisor/apps/app.py, `webui`.
 *
 * @returns undefined when the text is not a web interface URL.
 */
export function webuiAddress(
  template: string,
  context: Pick<TemplateContext, 'options' | 'portMap'>,
): WebuiAddress | undefined {
  const groups = WEBUI.exec(template)?.groups;
  if (groups === undefined) return undefined;
  const containerPort = Number(groups['inner']);
  const mapped = context.portMap[`${containerPort}/tcp`];
  return {
    tls: usesTls(groups['scheme'], groups['option'], context.options),
    port: mapped === undefined ? containerPort : mapped,
    path: groups['path'] ?? '',
  };
}

function usesTls(
  scheme: string | undefined,
  option: string | undefined,
  options: JsonObject,
): boolean {
  return option === undefined ? scheme === 'https' : isTruthy(options[option]);
}
