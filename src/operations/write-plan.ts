import { defined } from '../core/defined.ts';
import { ConnectorError } from '../core/errors.ts';
import { invalidField } from '../core/invalid-field.ts';
import type { ObjectDescriptor, ObjectPath } from '../db/object-descriptor.ts';
import { integerAttribute } from '../manifest/attributes.ts';
import type { CopyFormat, TablePath } from '../sql/copy.ts';
import { ledgerPath, renderReadLedger } from '../sql/ledger.ts';
import { type CopyRole, parseCopyRole } from '../sql/role.ts';
import { fidelityOf } from '../types/fidelity.ts';
import { displayName, type FilledColumn } from './write/match-columns.ts';
import { type ColumnPlan, planColumns } from './write/plan-columns.ts';
import { type LoadPlan, planLoad } from './write/plan-load.ts';
import { type PathPlan, planPath } from './write/plan-path.ts';
import { planSources, type SourceFile } from './write/source-file.ts';
import { planUserSql, type UserSqlPlan } from './write/user-sql-plan.ts';
import type { WriteWarning } from './write-report.ts';
import type { Before, WriteOperation, WriteSpec } from './write-spec.ts';

const SETTLE_ABORTED_MS = 10_000;

/** What planning knows besides the specification and the table. */
export interface WriteContext {
  readonly runId: string;
  /** The files that the rows are in, if they can be known again. */
  readonly sources?: readonly SourceFile[];
  /** Names of the input's columns; `undefined` for an input that has neither rows nor names. */
  readonly inputColumns: readonly string[] | undefined;
  /** Compression of the files that the input will be staged as. */
  readonly compression: 'gzip' | 'zstd';
  readonly copyRole: string | undefined;
  /** Absent where the connection has no staging. */
  readonly stagingRegion: string | undefined;
  readonly clusterRegion: string | undefined;
  /** Files that the cluster loads at once. Default: 1. */
  readonly slices?: number;
  /** Random letters and digits, for names and markers that nobody else has. */
  readonly token: string;
}

/** A write, decided: everything that happens later follows from it and from the rows. */
export interface WritePlan
  extends Pick<
    ColumnPlan,
    'columns' | 'insertColumns' | 'updateColumns' | 'keys' | 'changeColumn' | 'requiredColumns'
  > {
  readonly runId: string;
  readonly operation: WriteOperation;
  readonly target: ObjectPath;
  /** For messages. */
  readonly targetName: string;
  /** Absent where none is kept, at the user's own wish. */
  readonly ledger?: TablePath;
  /** Age at which the ledger forgets a run; 0: never. */
  readonly ledgerRetentionDays: number;
  /**
   * The entries under which the ledger keeps that the input's files were loaded, where such files are to be skipped; those
   * of the files that this write loads.
   */
  readonly fileKeys?: readonly string[];
  /** Rows of files that are left out since they were loaded before. */
  readonly rowsLeftOut: number;
  /** What becomes of the rows that the target has, before the new ones come. */
  readonly before: Before;
  /** Whether COPY into the target takes the values of its identity columns from the files. */
  readonly explicitIds: boolean;
  /** Whether a row that finds nothing to update or delete is a failure. */
  readonly requiresMatches: boolean;
  readonly lockTarget: boolean;
  /** The person's own SQL around the rows. */
  readonly userSql: UserSqlPlan;
  readonly load: LoadPlan;
  /** Files that the cluster loads at once. */
  readonly slices: number;
  /** Whether Parquet files may go as they are. */
  readonly stagedFormat: 'auto' | 'csv';
  /** How the rows get into the cluster. */
  readonly path: PathPlan;
  readonly rejectLimit: number;
  /** Names of columns whose values may change where COPY would change them without a word. */
  readonly acceptLoss: readonly string[];
  /** Whether checksums of the rows sent are held against those that Redshift loaded. */
  readonly verify: boolean;
  /** Absent without staging. */
  readonly copyRole?: CopyRole;
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
  const ledger = spec.ledger === 'off' ? undefined : ledgerPath([target.schema, target.name]);
  if (ledger) renderReadLedger(ledger, context.runId); // refuses a run id that it could not hold, before anything is done

  const fileKeys = planSources(spec, context.sources, context.runId);
  const operation = spec.operation ?? 'insert';
  const before = planBefore(spec, operation);
  const columnPlan = planColumns(spec, operation, target, context.inputColumns ?? columnsOfNothing(target, spec));
  const { columns, insertColumns, updateColumns, keys, changeColumn, requiredColumns } = columnPlan;
  const rejectLimit = integerAttribute('write', 'rejectLimit', spec.rejectLimit);

  const load = planLoad(spec, operation, target, columnPlan, rejectLimit, context.token);
  const path = planPath({
    wished: spec.path ?? 'auto',
    useStaging: context.stagingRegion !== undefined,
    columns,
    load,
    rejectLimit,
    needsExplicitIds: columnPlan.keptIdentities.some(({ isIdentityByDefault }) => isIdentityByDefault !== true),
    insertRowLimit: integerAttribute('write', 'insertRowLimit', spec.insertRowLimit),
  });

  return Object.freeze({
    runId: context.runId,
    operation,
    target: [target.schema, target.name],
    targetName,
    ...defined({ ledger }),
    ledgerRetentionDays: integerAttribute('write', 'ledgerRetentionDays', spec.ledgerRetentionDays),
    ...defined({ fileKeys }),
    rowsLeftOut: 0,
    before,
    columns,
    insertColumns,
    updateColumns,
    keys,
    ...defined({ changeColumn }),
    requiredColumns,
    explicitIds: columnPlan.keptIdentities.length > 0,
    requiresMatches: spec.unmatched === 'fail',
    lockTarget: spec.lockTarget === true,
    userSql: planUserSql(spec),
    load,
    slices: context.slices ?? 1,
    stagedFormat: spec.stagedFormat ?? 'auto',
    path,
    rejectLimit,
    acceptLoss: requireAccepted(spec.acceptLoss ?? [], columns),
    verify: spec.verify === true,
    ...(path.kind === 'insert' ? {} : { copyRole: requireCopyRole(context.copyRole) }),
    format: { kind: 'csv', compression: context.compression, nullMarker: `null-${context.token}` },
    ...defined({ copyRegion: foreignRegion(context) }),
    lockTimeoutMs: 1000 * integerAttribute('write', 'lockTimeoutSeconds', spec.lockTimeoutSeconds),
    settleAbortedMs: SETTLE_ABORTED_MS,
    settleTimeoutMs: 1000 * integerAttribute('write', 'settleTimeoutSeconds', spec.settleTimeoutSeconds),
    attempts: integerAttribute('write', 'conflictAttempts', spec.conflictAttempts),
    warnings: [
      ...columnPlan.identities.map(identityLeftOut),
      ...limitedColumns(columns),
      ...(before === 'truncate' ? [notAtomic(targetName)] : []),
      ...(ledger === undefined ? [ledgerOff(targetName)] : []),
    ],
  } satisfies WritePlan);
}

/** Throws RS_CONFIG_INVALID where nothing would be left to work on. */
function planBefore({ before = 'none' }: WriteSpec, operation: WriteOperation): Before {
  if (before === 'none' || operation === 'insert') return before;
  const finds = operation === 'update' || operation === 'delete';
  if (before === 'overwrite' || finds) {
    const why = finds ? `which leaves nothing to ${operation}` : 'and overwrite goes with an insert only';
    throw invalidField(
      'before',
      `The rows of the table are to go first, ${why}`,
      'Choose another operation, or set before to none.',
    );
  }
  return before;
}

/** The columns whose loss is accepted, as the table spells them. Throws RS_CONFIG_INVALID for one that is not written. */
function requireAccepted(names: readonly string[], columns: readonly FilledColumn[]): readonly string[] {
  return names.map((name) => {
    const column = columns.find((one) => one.name === name || one.inputName === name);
    if (column !== undefined) return column.name;
    const message = `Column "${name}", named in acceptLoss, is not among those that are written`;
    throw invalidField('acceptLoss', message, 'Name columns of the table that the input fills.');
  });
}

function notAtomic(targetName: string): WriteWarning {
  return {
    code: 'NOT_ATOMIC',
    message: `TRUNCATE empties ${targetName} for good before the transaction that fills it: others see it empty, and it stays so if that fails`,
  };
}

function ledgerOff(targetName: string): WriteWarning {
  return {
    code: 'LEDGER_OFF',
    message: `No ledger is kept for ${targetName}: a run that is repeated is applied again, a lost answer to COMMIT stays unknown, and loads at the same time are not kept apart`,
  };
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

/** An input without rows and names takes part as if it filled the whole table: the ledger still gets its row. */
function columnsOfNothing(target: ObjectDescriptor, { changeColumn }: WriteSpec): readonly string[] {
  const own = target.columns.filter(({ type }) => type.kind !== 'unsupported').map(({ name }) => name);
  return changeColumn === undefined || own.includes(changeColumn) ? own : [...own, changeColumn];
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
  return stagingRegion === undefined || stagingRegion === clusterRegion ? undefined : stagingRegion;
}
