import type { Run } from '../../core/run.ts';
import type { ObjectPath } from '../../db/object-descriptor.ts';
import { integerAttribute } from '../../manifest/attributes.ts';
import type { Connection } from '../connection.ts';
import type { TargetRequest } from '../target/open-target.ts';
import type { WriteSpec } from '../write-spec.ts';
import type { OpenInput } from './open-input.ts';

/** What a write asks of its target. Without an input no column is known to be new. */
export function targetRequest(
  path: ObjectPath,
  spec: WriteSpec,
  source: Pick<OpenInput, 'fields'> | undefined,
  options: Connection['options'],
  run: Run,
): TargetRequest {
  return {
    path,
    spec,
    input: () => source?.fields(run) ?? Promise.resolve([]),
    statementTimeoutMs: options.statementTimeoutSeconds * 1000,
    lockTimeoutMs: 1000 * integerAttribute('write', 'lockTimeoutSeconds', spec.lockTimeoutSeconds),
  };
}
