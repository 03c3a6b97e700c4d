import { ConnectorError } from '../core/errors.ts';
import type { PolicySet } from '../policies/policies.ts';
import type { Output } from './output.ts';
import type { PoliciesCommand } from './policies.ts';
import type { CommandContext } from './program.ts';

/** `roleshift policies verify`. */
export async function verifyCommand(
  _set: PolicySet,
  _command: PoliciesCommand,
  _context: CommandContext,
  _output: Output,
): Promise<number> {
  throw new ConnectorError('RS_FEATURE_UNSUPPORTED', 'verify is not there yet');
}
