import { ConnectorError } from './errors.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  EEXIST: 'it is not a folder',
  EACCES: 'permission is denied',
  EPERM: 'permission is denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  ENAMETOOLONG: 'its name is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk failed',
};

/** A local file or folder that cannot be written, as RS_CONFIG_INVALID in the user's words; any other error as it is. */
export function classifyFileError(cause: unknown, what: string, action: string): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const reason = REASONS[code];
  if (reason === undefined || cause instanceof ConnectorError) return cause;
  return new ConnectorError('RS_CONFIG_INVALID', `${what} cannot be written: ${reason}`, {
    action,
    details: { errno: code },
    cause,
  });
}
