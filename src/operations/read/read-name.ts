import type { ReadObject, ReadSpec } from './read-spec.ts';

/** What is read, in words. */
export function readName({
  object,
  objects,
  query,
  procedure,
}: Pick<ReadSpec, 'object' | 'objects' | 'query' | 'procedure'>): string {
  if (query !== undefined) return 'the query';
  const named =
    object === undefined && procedure !== undefined
      ? [procedure]
      : object === undefined
        ? (objects ?? []).map((each) => each.object)
        : [object];
  return named.map(textOf).join(', ');
}

function textOf(object: ReadObject): string {
  return typeof object === 'string' ? object : object.join('.');
}
