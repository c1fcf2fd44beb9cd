import { anything, checkFields, required, text, truth } from '../body.js';
import { replyError, replyOk, type Reply } from '../reply.js';
import { accept, acceptUpdate, describeVersion } from './families.js';
import { readJson, type Call, type Route } from './route.js';

const SWAP = { swap_size: '1G', swappiness: 1 } as const;

const BOARD_LIGHTS = {
  green: { activity_led: true, power_led: true, system_health_led: true },
  yellow: { disk_led: true, heartbeat_led: true, power_led: true },
} as const;

/** Home Assistant OS (supervisor/api/os.py). */
export const OS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/os/info',
    right: 'default',
    handle: (call) =>
      replyOk({
        ...describeVersion(call, 'os'),
        version_pending: null,
        board: call.instance.setup.host.board,
        boot: 'A',
        data_disk: 'QEMU-HARDDISK-0001',
        boot_slots: {
          A: { state: 'booted', status: 'good', version: call.instance.setup.versions.os },
          B: { state: 'inactive', status: 'good', version: call.instance.setup.versions.os },
        },
      }),
  },
  acceptUpdate('/os'),
  accept({ method: 'POST', path: '/os/config/sync', right: 'manager' }),
  {
    method: 'GET',
    path: '/os/datadisk/list',
    right: 'manager',
    handle: () => replyOk({ devices: [], disks: [] }),
  },
  accept({
    method: 'POST',
    path: '/os/datadisk/move',
    right: 'manager',
    fields: { device: required(text) },
  }),
  accept({ method: 'POST', path: '/os/datadisk/wipe', right: 'admin' }),
  accept({
    method: 'POST',
    path: '/os/boot-slot',
    right: 'manager',
    fields: { boot_slot: required(text) },
  }),
  { method: 'GET', path: '/os/config/swap', right: 'manager', handle: () => replyOk(SWAP) },
  accept({
    method: 'POST',
    path: '/os/config/swap',
    right: 'manager',
    fields: { swap_size: text, swappiness: anything },
  }),
  ...(['green', 'yellow'] as const).flatMap((board): readonly Route[] => [
    {
      method: 'GET',
      path: `/os/boards/${board}`,
      right: 'manager',
      handle: (call) => refuseOtherBoard(call, board) ?? replyOk(BOARD_LIGHTS[board]),
    },
    {
      method: 'POST',
      path: `/os/boards/${board}`,
      right: 'manager',
      handle: async (call) => {
        const refusal = refuseOtherBoard(call, board);
        if (refusal !== undefined) return refusal;
        const lights = Object.keys(BOARD_LIGHTS[board]);
        checkFields(
          await readJson(call),
          Object.fromEntries(lights.map((light) => [light, truth])),
        );
        return replyOk();
      },
    },
  ]),
];

function refuseOtherBoard(call: Call, board: string): Reply | undefined {
  return call.instance.setup.host.board === board
    ? undefined
    : replyError(400, `${board} board is not in use`);
}
