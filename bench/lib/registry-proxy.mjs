// Stands before a registry, counts what passes, and can refuse uploads.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { REGISTRY } from './measure.mjs';

/**
 * `counts` has, for base images (`base`) and what is published (`own`), requests by method and bytes; `refuseUploads`
 * lets sessions be opened, which is how the right to push is found out, but takes no content.
 */
export async function startRegistryProxy() {
  const [host, port] = REGISTRY.split(':');
  const proxy = { address: '', counts: new Map(), refuseUploads: false };
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const kind = path.includes('/home-assistant/') ? 'base' : 'own';
    const count = proxy.counts.get(kind) ?? { methods: {}, sent: 0, received: 0 };
    proxy.counts.set(kind, count);
    count.methods[method] = (count.methods[method] ?? 0) + 1;
    if (proxy.refuseUploads && ['PUT', 'PATCH'].includes(method)) {
      incoming.resume();
      outgoing.writeHead(403, { 'content-type': 'application/json' });
      outgoing.end('{"errors":[{"code":"DENIED","message":"refused by the benchmark"}]}');
      return;
    }
    const onward = request({ host, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.on('data', (chunk) => (count.received += chunk.length));
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.on('data', (chunk) => (count.sent += chunk.length));
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  proxy.address = `127.0.0.1:${server.address().port}`;
  proxy.stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return proxy;
}
