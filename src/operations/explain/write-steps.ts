import { defined } from '../../core/defined.ts';
import type { Sql } from '../../sql/sql.ts';
import type { TableSize } from '../table-size.ts';
import type { WritePlan } from '../write-plan.ts';
import type { ExplainedFiles, ExplainedLock, ExplainedStatement, ExplainedStep, StepEstimate } from './explanation.ts';
import type { RehearsedWrite } from './rehearse-write.ts';

/** What the steps of a write are made of. */
export interface WriteSteps {
  readonly plan: WritePlan;
  readonly sent: RehearsedWrite;
  /** Statements that make the target, or change it, before a row is staged. */
  readonly ddl: readonly ExplainedStatement[];
  /** The one that makes the ledger, where it is missing. */
  readonly createLedger?: Sql;
  /** Absent where the rows wait on this machine, for INSERT. */
  readonly files?: ExplainedFiles;
  readonly maintenance: readonly Sql[];
  /** What the table holds before. */
  readonly held?: TableSize;
  readonly estimates: Readonly<Partial<Record<string, StepEstimate>>>;
}

const AUTOCOMMIT = 'autocommit: each statement is a transaction of its own';

/** The steps of a write, in the order in which they happen. Pure. */
export function writeSteps(facts: WriteSteps): readonly ExplainedStep[] {
  const { plan, sent, estimates } = facts;
  const { userSql } = plan;
  const steps: readonly (Omit<ExplainedStep, 'estimate'> | undefined)[] = [
    userStep('preSql', userSql.before, 'Your SQL before the write'),
    planStep(facts),
    stageStep(facts.files),
    sent.load.length === 0 ? undefined : loadStep(plan, sent.load),
    sent.truncate.length === 0 ? undefined : truncateStep(plan, sent.truncate),
    applyStep(facts),
    userStep('postSql', userSql.after, 'Your SQL after the write'),
    facts.maintenance.length === 0
      ? undefined
      : {
          id: 'maintain',
          title: 'Look after the table',
          statements: facts.maintenance.map(statementOf),
          transaction: AUTOCOMMIT,
          notes: ['The rows are there for good by then: a failure is a warning.'],
        },
  ];
  return steps.flatMap((step) =>
    step === undefined ? [] : [{ ...step, ...defined({ estimate: estimates[step.id] }) }],
  );
}

function userStep(
  id: 'preSql' | 'postSql',
  units: WritePlan['userSql']['before'],
  title: string,
): ExplainedStep | undefined {
  if (units.length === 0) return undefined;
  return {
    id,
    title,
    statements: units.flat().map(({ sql }) => statementOf(sql)),
    transaction:
      'outside of the transaction that writes the rows: each statement, or what stands from BEGIN to COMMIT, once for a run id',
    notes: [],
  };
}

function planStep({ plan, ddl, createLedger }: WriteSteps): ExplainedStep {
  const statements = [
    ...ddl,
    ...(createLedger === undefined ? [] : [{ sql: String(createLedger), note: 'the ledger is missing: it is made' }]),
  ];
  return {
    id: 'plan',
    title: statements.length === 0 ? 'Look up the table and its ledger' : 'Look up the table, and make what is missing',
    statements,
    ...defined({ locks: changeLocks(plan, ddl) }),
    transaction: locksTable(ddl)
      ? 'one transaction from BEGIN to COMMIT, before that of the rows; each statement outside of it is one of its own'
      : AUTOCOMMIT,
    notes: statements.length === 0 ? ['Reads the catalog and the ledger; changes nothing.'] : [],
  };
}

/** A table that is changed in several statements at once is locked ahead of them. */
function locksTable(ddl: readonly ExplainedStatement[]): boolean {
  return ddl.some(({ sql }) => sql.startsWith('LOCK '));
}

/** What a change of the table keeps others from; a new one nobody meets. */
function changeLocks(
  { targetName, lockTimeoutMs }: WritePlan,
  ddl: readonly ExplainedStatement[],
): readonly ExplainedLock[] | undefined {
  const keepsOut = 'everybody who reads or writes it';
  if (locksTable(ddl)) {
    return [{ table: targetName, keepsOut, until: 'COMMIT of the change', waitSeconds: lockTimeoutMs / 1000 }];
  }
  if (!ddl.some(({ sql }) => sql.startsWith('ALTER '))) return undefined;
  return [{ table: targetName, keepsOut, until: 'each ALTER TABLE has ended' }];
}

function stageStep(files: ExplainedFiles | undefined): ExplainedStep {
  if (files === undefined) {
    return {
      id: 'stage',
      title: 'Keep the rows on this machine',
      statements: [],
      transaction: 'none',
      notes: [
        'Compressed, in the work directory: an attempt that is repeated finds them there. Deleted on every way out.',
      ],
    };
  }
  return {
    id: 'stage',
    title: 'Stage the rows in S3',
    statements: [],
    files,
    transaction: 'none: S3 alone',
    notes: [
      'Lease, files and manifest lie in one folder of the run and are deleted on every way out, except where the outcome of a COMMIT is not known.',
    ],
  };
}

function loadStep(plan: WritePlan, sent: readonly string[]): ExplainedStep {
  const notes = [
    'A temporary table of the session: gone when it ends. Nobody else meets it.',
    ...(plan.rejectLimit === 0
      ? []
      : [`Up to ${plan.rejectLimit} rows may be refused; their numbers are found by what is missing.`]),
    ...(plan.changeColumn === undefined ? [] : ['Rows that say R, or nothing that is known, are taken out before.']),
  ];
  return {
    id: 'load',
    title: 'Load a temporary table',
    statements: sent.map(plainStatement),
    transaction: AUTOCOMMIT,
    notes,
  };
}

function truncateStep(plan: WritePlan, sent: readonly string[]): ExplainedStep {
  return {
    id: 'truncate',
    title: `Empty ${plan.targetName}, not atomic`,
    statements: sent.map(plainStatement),
    locks: locksOf(plan, 'TRUNCATE, which commits'),
    transaction: 'NOT ATOMIC: TRUNCATE commits by itself, before the transaction that writes the rows',
    notes: ['If the next step fails, the table stays empty.'],
  };
}

function applyStep({ plan, sent, held }: WriteSteps): ExplainedStep {
  const notes = [
    ...(held === undefined
      ? []
      : [
          `The table holds about ${held.rows.toLocaleString('en-US')} rows in ${held.bytes / 1024 / 1024} MiB (SVV_TABLE_INFO).`,
        ]),
    ...(plan.keys.length === 0 || plan.load.kind === 'direct'
      ? []
      : ['By key: once more for each pattern of NULLs in the keys, where there are any.']),
    'Nothing is committed unless read = loaded + rejected + deduplicated + skipped.',
  ];
  return {
    id: 'apply',
    title: `Write into ${plan.targetName}`,
    statements: sent.apply.map(plainStatement),
    locks: locksOf(plan, 'COMMIT'),
    transaction: 'one transaction from BEGIN to COMMIT: all of it or nothing',
    notes,
  };
}

function locksOf(
  { ledger, lockTarget, targetName, lockTimeoutMs }: WritePlan,
  until: string,
): readonly ExplainedLock[] {
  const waitSeconds = lockTimeoutMs / 1000;
  return [
    ...(ledger === undefined
      ? []
      : [{ table: ledger.join('.'), keepsOut: 'other roleshift loads into the same table', until, waitSeconds }]),
    lockTarget
      ? { table: targetName, keepsOut: 'everybody who reads or writes it', until, waitSeconds }
      : {
          table: targetName,
          keepsOut: 'others who write it, once the first statement changes it; readers go on',
          until,
        },
  ];
}

function statementOf(sql: Sql): ExplainedStatement {
  return { sql: String(sql) };
}

function plainStatement(sql: string): ExplainedStatement {
  return { sql };
}
