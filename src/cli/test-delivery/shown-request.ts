/** A request as it may be shown: without its path, and with the values of those headers alone that loghook fills in. */
import type { Request } from '../../delivery/attempt.ts';
import type { Route } from '../../routing/route.ts';

const SHOWN = /^(content-type|user-agent|webhook-(id|timestamp)|loghook-.*)$/;
const HIDDEN = '…';

export interface ShownRequest {
  readonly method: string;
  /** Scheme and host; its path may be a secret. */
  readonly to: string;
  /** Names in lower case; what may be a secret is `…`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: number;
}

export function shownRequest(request: Request, route: Route): ShownRequest {
  const own = new Set((route.headers ?? []).map(([name]) => name.toLowerCase()));
  const shown = [...headerMap(request.headers)].map(([name, value]) => {
    const mayShow = SHOWN.test(name) && !own.has(name);
    return [name, mayShow ? value : HIDDEN] as const;
  });
  return {
    method: request.method,
    to: `${route.url.origin}/${request.path === '/' ? '' : HIDDEN}`,
    headers: Object.fromEntries(shown),
    bytes: request.body.length,
  };
}

/** Names in lower case. `list`: names and values in turn. */
export function headerMap(list: readonly string[]): ReadonlyMap<string, string> {
  const headers = new Map<string, string>();
  for (let at = 0; at + 1 < list.length; at += 2) {
    headers.set(list[at]?.toLowerCase() ?? '', list[at + 1] ?? '');
  }
  return headers;
}
