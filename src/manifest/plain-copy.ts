import { Secret } from '../core/secret.ts';

const MAX_DEPTH = 8;
const MAX_NODES = 10_000;

/**
 * Copies data out of whatever was handed in, so that later changes, getters and proxies of the caller's do not matter.
 * Undefined when it is no data: too deep (a cycle is), too large, or it throws while it is read.
 */
export function plainCopy(value: unknown): { readonly value: unknown } | undefined {
  let nodes = 0;
  const copy = (inner: unknown, depth: number): unknown => {
    if (++nodes > MAX_NODES || depth > MAX_DEPTH) throw new RangeError('not plain data');
    if (typeof inner !== 'object' || inner === null || inner instanceof Secret) return inner;
    if (Array.isArray(inner)) return Array.from(inner as readonly unknown[], (element) => copy(element, depth + 1));
    return Object.fromEntries(Object.entries(inner).map(([key, field]) => [key, copy(field, depth + 1)]));
  };
  try {
    return { value: copy(value, 0) };
  } catch {
    return undefined; // whatever a getter throws belongs to the caller; "no plain data" is all there is to say
  }
}
