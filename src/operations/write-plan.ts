import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { invalidField } from '../core/invalid-field.ts';
import type { ObjectDescriptor, ObjectPath } from '../db/object-descriptor.ts';
import { integerAttribute } from '../manifest/attributes.ts';
import type { CopyFormat, TablePath } from '../sql/copy.ts';
import { ledgerPath, renderReadLedger } from '../sql/ledger.ts';
import { type CopyRole, parseCopyRole } from '../sql/role.ts';
import { freeColumnName, type StagingTable } from '../sql/staging-table.ts';
import { fidelityOf } from '../types/fidelity.ts';
import { displayName, type FilledColumn, matchColumns } from './write/match-columns.ts';
import { resolveKeys } from './write/resolve-keys.ts';
import type { WriteWarning } from './write-report.ts';
import type { DuplicateKeys, WriteOperation, WriteSpec } from './write-spec.ts';

const SETTLE_ABORTED_MS = 10_000;

/** What planning knows besides the specification and the table. */
export interface WriteContext {
  readonly runId: string;
  /** Names of the input's columns; `undefined` for an input that has neither rows nor names. */
  readonly inputColumns: readonly string[] | undefined;
  /** Compression of the files that the input will be staged as. */
  readonly compression: 'gzip' | 'zstd';
  readonly copyRole: string | undefined;
  readonly stagingRegion: string;
  readonly clusterRegion: string | undefined;
  /** Random letters and digits, for names and markers that nobody else has. */
  readonly token: string;
}

/** How rows get from the staged files into the target. */
export type LoadPlan =
  /** COPY into the target itself, inside the ledger's transaction: written once. */
  | { readonly kind: 'direct' }
  /** COPY into a temporary table, then statements. */
  | {
      readonly kind: 'staged';
      readonly table: StagingTable;
      readonly duplicates: DuplicateKeys | 'allow';
    };

/** A write, decided: everything that happens later follows from it and from the rows. */
export interface WritePlan {
  readonly runId: string;
  readonly operation: WriteOperation;
  readonly target: ObjectPath;
  /** For messages. */
  readonly targetName: string;
  readonly ledger: TablePath;
  /** In the order of the staged files. */
  readonly columns: readonly FilledColumn[];
  /** Empty for an insert. */
  readonly keys: readonly string[];
  /** Columns that an upsert changes in a row that exists. */
  readonly updateColumns: readonly string[];
  readonly load: LoadPlan;
  readonly rejectLimit: number;
  readonly copyRole: CopyRole;
  readonly format: Extract<CopyFormat, { kind: 'csv' }>;
  /** The bucket's region where it is not the cluster's. */
  readonly copyRegion?: string;
  readonly lockTimeoutMs: number;
  readonly settleTimeoutMs: number;
  /** How much longer settling goes on once the run was aborted. */
  readonly settleAbortedMs: number;
  /** Times the transaction may begin. */
  readonly attempts: number;
  readonly warnings: readonly WriteWarning[];
}

/** Decides a write. Throws RS_CONFIG_INVALID, RS_INPUT_INVALID, RS_TYPE_UNSUPPORTED and RS_FEATURE_UNSUPPORTED. */
export function planWrite(spec: WriteSpec, target: ObjectDescriptor, context: WriteContext): WritePlan {
  const targetName = displayName(target);
  if (target.kind !== 'table') {
    throw new ConnectorError(
      'RS_FEATURE_UNSUPPORTED',
      `${targetName} is no local table, so nothing can be written to it`,
      {
        action: 'Name a table of this database.',
      },
    );
  }
  const ledger = ledgerPath([target.schema, target.name]);
  renderReadLedger(ledger, context.runId); // refuses a run id that the ledger could not hold, before anything is done

  const { filled, identities } = matchColumns(target, context.inputColumns ?? columnsOfNothing(target));
  const operation = spec.operation ?? 'insert';
  const keys = resolveKeys(spec, operation, target, filled);
  const rejectLimit = integerAttribute('write', 'rejectLimit', spec.rejectLimit);
  const names = filled.map(({ name }) => name);

  return Object.freeze({
    runId: context.runId,
    operation,
    target: [target.schema, target.name],
    targetName,
    ledger,
    columns: filled,
    keys,
    updateColumns: operation === 'upsert' ? names.filter((name) => !keys.includes(name)) : [],
    load: planLoad(spec, operation, target, filled, keys, rejectLimit, context.token),
    rejectLimit,
    copyRole: requireCopyRole(context.copyRole),
    format: { kind: 'csv', compression: context.compression, nullMarker: `null-${context.token}` },
    ...defined({ copyRegion: foreignRegion(context) }),
    lockTimeoutMs: 1000 * integerAttribute('write', 'lockTimeoutSeconds', spec.lockTimeoutSeconds),
    settleAbortedMs: SETTLE_ABORTED_MS,
    settleTimeoutMs: 1000 * integerAttribute('write', 'settleTimeoutSeconds', spec.settleTimeoutSeconds),
    attempts: integerAttribute('write', 'conflictAttempts', spec.conflictAttempts),
    warnings: [...identities.map(identityLeftOut), ...limitedColumns(filled)],
  } satisfies WritePlan);
}

function identityLeftOut(name: string): WriteWarning {
  return { code: 'IDENTITY_LEFT_OUT', message: `Column "${name}" was left out: Redshift numbers it itself` };
}

/** Columns some of whose values a load may refuse or change, told before it runs: one warning for each reason. */
function limitedColumns(filled: readonly FilledColumn[]): readonly WriteWarning[] {
  const names = new Map<string, string[]>();
  for (const field of filled) {
    const fidelity = fidelityOf(field, 'load');
    if (fidelity.verdict === 'exact') continue;
    names.set(fidelity.note, [...(names.get(fidelity.note) ?? []), JSON.stringify(field.name)]);
  }
  return [...names].map(([note, columns]) => ({ code: 'VALUES_LIMITED', message: `${columns.join(', ')}: ${note}` }));
}

function planLoad(
  spec: WriteSpec,
  operation: WriteOperation,
  target: ObjectDescriptor,
  filled: readonly FilledColumn[],
  keys: readonly string[],
  rejectLimit: number,
  token: string,
): LoadPlan {
  const duplicates = keys.length === 0 ? 'allow' : (spec.duplicateKeys ?? 'fail');
  if (operation === 'insert' && duplicates === 'allow' && rejectLimit === 0) return { kind: 'direct' };
  const { distributionKey } = target;
  const isCollocated = filled.some(({ name }) => name === distributionKey);
  const table: StagingTable = {
    name: `roleshift_stage_${token}`,
    columns: filled.map(({ name, type, nullable, isCaseInsensitive }) => ({
      name,
      type,
      notNull: !nullable,
      caseInsensitive: isCaseInsensitive,
    })),
    // Free of the target's other columns too: both tables meet in one statement.
    rowColumn: freeColumnName(target.columns.map(({ name }) => name)),
    ...(isCollocated ? defined({ distKey: distributionKey }) : {}),
  };
  return { kind: 'staged', table, duplicates };
}

/** An input without rows and names takes part as if it filled the whole table: the ledger still gets its row. */
function columnsOfNothing(target: ObjectDescriptor): readonly string[] {
  return target.columns.filter(({ type }) => type.kind !== 'unsupported').map(({ name }) => name);
}

function requireCopyRole(text: string | undefined): CopyRole {
  if (text !== undefined) return parseCopyRole(text);
  throw invalidField(
    'copyRole',
    'No role is set that Redshift reads the staged files with',
    'Set copyRole to "default" or to the ARN of a role attached to the cluster.',
  );
}

function foreignRegion({ stagingRegion, clusterRegion }: WriteContext): string | undefined {
  return stagingRegion === clusterRegion ? undefined : stagingRegion;
}
