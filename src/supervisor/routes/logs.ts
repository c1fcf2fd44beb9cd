import { PassThrough } from 'node:stream';

import type { AddonInstance } from '../instance.js';
import { replyText, type Reply } from '../reply.js';
import type { OpenCall } from './route.js';

const LOG_TYPES: readonly string[] = ['text/plain', 'text/x-log', '*/*'];

/** Log endpoints serve plain text only (supervisor/api/host.py, `advanced_logs_handler`). */
export function refuseLogFormat(call: OpenCall): Reply | undefined {
  const { accept } = call.request.headers;
  if (accept === undefined || accept === '' || LOG_TYPES.includes(accept)) return undefined;
  const reason =
    'Invalid content type requested. Only text/plain and text/x-log supported for now.';
  return { ...replyText(reason, 400), reason };
}

/** The log so far and every later line, until the client goes. */
export function followLog(instance: AddonInstance): Reply {
  const body = new PassThrough();
  const write = (line: string): void => {
    body.write(`${line}\n`);
  };
  body.write(instance.logText);
  instance.logEvents.on('line', write);
  body.once('close', () => {
    instance.logEvents.off('line', write);
  });
  return replyText(body);
}
