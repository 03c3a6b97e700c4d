import { ConnectorError } from './errors.ts';

/** RS_CONFIG_INVALID about one field of what was asked for. */
export function invalidField(path: string, message: string, action: string): ConnectorError {
  return new ConnectorError('RS_CONFIG_INVALID', message, { action, issues: [{ path, message, action }] });
}
