import type { Route } from './routes/route.js';

export interface RouteMatch {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export type RouteLookup =
  | ({ readonly kind: 'found' } & RouteMatch)
  | { readonly kind: 'other-method'; readonly allowed: readonly string[] }
  | { readonly kind: 'unknown' };

interface CompiledRoute {
  readonly route: Route;
  readonly pattern: RegExp;
}

/** Finds endpoints by method and path; of several that fit, the first of the table wins. */
export class Router {
  readonly #routes: readonly CompiledRoute[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes.map((route) => ({ route, pattern: compilePath(route.path) }));
  }

  /** HEAD is served by GET endpoints. */
  find(method: string, path: string): RouteLookup {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const allowed = new Set<string>();
    for (const { route, pattern } of this.#routes) {
      const match = pattern.exec(path);
      if (match === null) continue;
      if (route.method === wanted || route.method === '*') {
        return { kind: 'found', route, params: { ...match.groups } };
      }
      allowed.add(route.method);
      if (route.method === 'GET') allowed.add('HEAD');
    }
    return allowed.size === 0
      ? { kind: 'unknown' }
      : { kind: 'other-method', allowed: [...allowed].sort() };
  }
}

function compilePath(path: string): RegExp {
  const source = path.replace(/\{(\w+)(:\*)?\}|[.*+?^$()|[\]\\]/g, (part, name, rest) => {
    if (typeof name !== 'string') return `\\${part}`;
    return rest === undefined ? `(?<${name}>[^/]+)` : `(?<${name}>.*)`;
  });
  return new RegExp(`^${source}$`, 's');
}
