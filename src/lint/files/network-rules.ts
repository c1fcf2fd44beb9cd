import { toPythonText } from '../../addon/python-text.js';
import type { Rule } from '../rule.js';
import type { AddonSubject } from '../subject.js';
import { nameIn, parsed, placeOf } from './edit-data.js';

const MAX_PORT = 65_535;

const portConflict: Rule<AddonSubject> = {
  id: 'port-conflict',
  severity: 'error',
  summary: 'Docker refuses the ports of the add-on',
  why: 'Two container ports cannot be published on the same port of the host, and a port above 65535 does not exist. The validation of the Supervisor looks at neither: the container is not started.',
  remedy: 'Give each its own port.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields === undefined) return;
    const taken = new Map<string, string>();
    for (const [port, host] of fields.ports) {
      const [number = '', protocol = 'tcp'] = port.trim().split('/');
      const at = ['ports', port];
      if (Number(number) > MAX_PORT || Number(number) < 1) {
        yield { ...placeOf(file, at), message: nameIn(at, `is no port: ${number}`) };
      }
      if (host === null || fields.hostNetwork) continue;
      const key = `${host}/${protocol}`;
      const other = taken.get(key);
      if (other === undefined) taken.set(key, port);
      else {
        const message = `${port} and ${other} are both published on port ${host} of the host`;
        yield { ...placeOf(file, at), message };
      }
    }
  },
};

const unknownPort: Rule<AddonSubject> = {
  id: 'unmapped-port',
  severity: 'warning',
  summary: 'The web interface is at a port that is not in ports',
  why: 'The Supervisor replaces `[PORT:80]` in `webui` by the port of the host that `80/tcp` is published on. Without such an entry in `ports` the button leads to a port where nothing listens.',
  remedy: 'Add the port to `ports`, with `null` if it is not to be published by default.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields?.webui === undefined || fields.hostNetwork) return;
    const port = /\[PORT:(\d+)\]/.exec(fields.webui)?.[1];
    if (port === undefined || fields.ports.has(`${port}/tcp`) || fields.ports.has(port)) return;
    const message = `"webui" is at port ${port}, which "ports" does not have`;
    yield { ...placeOf(file, ['webui']), message };
  },
};

const PROTOCOL_OPTION = /^\[PROTO:(\w+)\]/;

const unknownProtocolOption: Rule<AddonSubject> = {
  id: 'unknown-protocol-option',
  severity: 'warning',
  summary: 'An address names an option that does not exist',
  why: '`[PROTO:ssl]` is https if the option `ssl` is true, else http. An option that does not exist is never true.',
  remedy: 'Name an option of the schema, or write the protocol.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields === undefined) return;
    for (const key of ['webui', 'watchdog'] as const) {
      const option = PROTOCOL_OPTION.exec(fields[key] ?? '')?.[1];
      if (option === undefined) continue;
      if (fields.schema !== false && fields.schema.has(option)) continue;
      yield {
        ...placeOf(file, [key]),
        message: `"${key}" names the option ${option}, which the schema does not have`,
      };
    }
  },
};

const hostNetworkPorts: Rule<AddonSubject> = {
  id: 'ports-beside-host-network',
  severity: 'note',
  summary: 'ports has no effect beside host_network',
  why: 'With the network of the host the container listens at its own ports, and nothing is mapped: the user who changes a port in the settings sees no change, unless the add-on asks for it itself.',
  remedy: 'Give up `host_network`, or read the wanted port from the API of the Supervisor.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields?.hostNetwork !== true || fields.ports.size === 0) return;
    yield { ...placeOf(file, ['ports']), message: '"ports" maps nothing beside "host_network"' };
  },
};

const negatedMachines: Rule<AddonSubject> = {
  id: 'machine-only-negated',
  severity: 'error',
  summary: 'machine has exceptions only',
  why: 'A machine has to be in the list: one that holds nothing but `!machine` entries never matches, and nobody can install the add-on.',
  remedy: 'List the machines that the add-on is for, or remove `machine`.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    const machines = fields?.machines ?? [];
    if (file === undefined || machines.length === 0) return;
    if (!machines.every((machine) => machine.startsWith('!'))) return;
    const message = `"machine" has only exceptions (${machines.join(', ')}): nobody can install the add-on`;
    yield { ...placeOf(file, ['machine']), message };
  },
};

const mapPaths: Rule<AddonSubject> = {
  id: 'map-path',
  severity: 'error',
  summary: 'Two folders are mapped to the same place, or one to the root',
  why: 'The validation takes any `path`. Of two folders at the same place Docker takes none and the container does not start; of a type that is listed twice the last entry counts; `/` hides the whole image.',
  remedy: 'Give each entry of `map` its own absolute path.',
  fixable: false,
  *check({ config, fields }) {
    const file = parsed(config);
    if (file === undefined || fields === undefined) return;
    const taken = new Map<string, string>();
    const types = new Set<string>();
    for (const [index, { type, path }] of fields.map.entries()) {
      const place = placeOf(file, ['map', index]);
      if (types.has(type)) {
        yield {
          ...place,
          message: `"map" has ${toPythonText(type)} twice: the last one counts`,
          severity: 'warning',
        };
        continue;
      }
      types.add(type);
      if (path === undefined || path === '') continue;
      const target = path.replace(/\/+$/, '');
      if (target === '')
        yield { ...place, message: `${type} is mapped to the root of the container` };
      else if (!target.startsWith('/'))
        yield { ...place, message: `the path of ${type} is not absolute: ${path}` };
      const other = taken.get(target);
      if (other !== undefined)
        yield { ...place, message: `${type} and ${other} are both mapped to ${target}` };
      taken.set(target, type);
    }
  },
};

export const NETWORK_RULES: readonly Rule<AddonSubject>[] = [
  portConflict,
  unknownPort,
  unknownProtocolOption,
  hostNetworkPorts,
  negatedMachines,
  mapPaths,
];
