import { ConnectorError } from '../../core/errors.ts';

/** Refuses what is neither rows nor says where they are, such as the bare name of a file. Throws RS_CONFIG_INVALID. */
export function requireInput(input: unknown): void {
  if (isInput(input)) return;
  const what = typeof input === 'string' ? 'A text is no input of a write' : 'A write has no input';
  throw new ConnectorError('RS_CONFIG_INVALID', what, {
    action: 'Give rows (any iterable of objects or arrays), { file }, { files } or { rejects }.',
  });
}

function isInput(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return false;
  return ['file', 'files', 'rejects', Symbol.iterator, Symbol.asyncIterator].some((key) => key in input);
}
