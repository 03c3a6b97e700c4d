import { ERROR_CODES, type ErrorCode } from '../../core/errors.ts';
import type { RunReport } from './run-report.ts';

const TEXT = { type: 'string' } as const;
const WORDS = { type: 'string', minLength: 1 } as const;
const COUNT = { type: 'integer', minimum: 0 } as const;
const AMOUNT = { type: 'number', minimum: 0 } as const;
const TEXTS = { type: 'array', items: TEXT } as const;
const ids = <const Name extends string>(of: Name) => ({ type: 'array', items: { $ref: `#/$defs/${of}` } }) as const;

const CODES = Object.keys(ERROR_CODES) as readonly ErrorCode[];

const DEFS = {
  statement: { type: 'object', required: ['sql'], properties: { sql: WORDS, note: WORDS } },
  lock: {
    type: 'object',
    required: ['table', 'keepsOut', 'until'],
    properties: { table: WORDS, keepsOut: WORDS, until: WORDS, waitSeconds: AMOUNT },
  },
  files: {
    type: 'object',
    required: ['format', 'compression', 'pattern', 'sizes'],
    properties: { format: { enum: ['csv', 'parquet', 'jsonl'] }, compression: WORDS, pattern: TEXT, sizes: TEXT },
  },
  estimate: {
    type: 'object',
    description: 'Seconds follow from the rates that docs/explain.md states: an order of magnitude.',
    required: ['from'],
    properties: { rows: AMOUNT, bytes: AMOUNT, files: COUNT, seconds: AMOUNT, from: WORDS },
  },
  actual: {
    type: 'object',
    required: ['queryIds', 'statements'],
    properties: {
      rows: COUNT,
      bytes: COUNT,
      files: COUNT,
      seconds: AMOUNT,
      queryIds: { type: 'array', items: TEXT, description: 'query_id in the SYS views.' },
      statements: COUNT,
    },
  },
  step: {
    type: 'object',
    required: ['id', 'title', 'statements', 'transaction', 'notes'],
    properties: {
      id: { type: 'string', description: 'The phase that progress and `phases` call it by.', minLength: 1 },
      title: WORDS,
      statements: ids('statement'),
      files: { $ref: '#/$defs/files' },
      locks: ids('lock'),
      transaction: WORDS,
      notes: TEXTS,
      estimate: { $ref: '#/$defs/estimate' },
      actual: { $ref: '#/$defs/actual' },
    },
  },
  column: {
    type: 'object',
    required: ['column', 'type', 'verdict'],
    properties: {
      column: TEXT,
      type: WORDS,
      verdict: { enum: ['exact', 'limited', 'lossy'] },
      note: WORDS,
      instead: WORDS,
    },
  },
  warning: { type: 'object', required: ['code', 'message'], properties: { code: WORDS, message: WORDS } },
  plan: {
    type: 'object',
    description: 'What `roleshift explain --json` prints; of a run, with what became of each step.',
    required: [
      'kind',
      'object',
      'operation',
      'path',
      'reasons',
      'atomic',
      'notAtomic',
      'steps',
      'columns',
      'retries',
      'rights',
      'warnings',
    ],
    properties: {
      kind: { enum: ['read', 'write'] },
      object: WORDS,
      operation: {
        enum: ['read', 'readToFiles', 'insert', 'update', 'upsert', 'replaceRow', 'delete', 'dataDriven'],
      },
      path: { enum: ['direct', 'staged', 'partitioned', 'insert', 'parquet', 'procedure'] },
      reasons: TEXTS,
      atomic: { type: 'boolean' },
      notAtomic: TEXTS,
      steps: ids('step'),
      columns: ids('column'),
      retries: TEXTS,
      rights: { $ref: '#/$defs/rights' },
      warnings: ids('warning'),
      estimate: { $ref: '#/$defs/estimate' },
    },
  },
  rights: { type: 'object', required: ['needs', 'command'], properties: { needs: TEXTS, command: TEXT } },
  phase: {
    type: 'object',
    required: ['name', 'seconds', 'times'],
    properties: { name: WORDS, seconds: AMOUNT, times: COUNT },
  },
  counts: {
    type: 'object',
    description: 'Of a write: read = loaded + rejected + deduplicated + skipped.',
    required: ['read'],
    properties: {
      read: COUNT,
      staged: COUNT,
      loaded: COUNT,
      inserted: COUNT,
      updated: COUNT,
      deleted: COUNT,
      replaced: COUNT,
      rejected: COUNT,
      deduplicated: COUNT,
      skipped: COUNT,
    },
  },
  error: {
    type: 'object',
    required: ['code', 'message'],
    properties: { code: { enum: CODES }, message: WORDS, action: WORDS },
  },
} as const;

/** The published JSON Schema of a run report. Its type is held against `RunReport` below: neither changes alone. */
export const RUN_REPORT_SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://roleshift.dev/schemas/run-report.v1.json',
  title: 'Run report',
  description:
    'What `--report FILE` writes and `onReport` hears of a read, a read into files, a write or a call. Holds no secret and no value of a row. New properties may appear.',
  type: 'object',
  required: [
    'reportVersion',
    'kind',
    'runId',
    'object',
    'operation',
    'status',
    'outcome',
    'startedAt',
    'seconds',
    'counts',
    'bytes',
    'files',
    'phases',
    'warnings',
    'retries',
    'statements',
    'queryIds',
    'sessionIds',
  ],
  properties: {
    reportVersion: { const: 1 },
    kind: { enum: ['read', 'readToFiles', 'write', 'call'] },
    runId: WORDS,
    object: TEXT,
    operation: WORDS,
    status: { enum: ['completed', 'failed', 'aborted'] },
    outcome: { enum: ['complete', 'incomplete', 'committed', 'nothing written', 'unknown', 'table emptied'] },
    startedAt: { type: 'string', description: 'ISO 8601, UTC.' },
    seconds: AMOUNT,
    counts: { $ref: '#/$defs/counts' },
    bytes: COUNT,
    files: COUNT,
    phases: ids('phase'),
    warnings: ids('warning'),
    retries: COUNT,
    statements: COUNT,
    queryIds: { type: 'array', items: TEXT, description: 'query_id in the SYS views, as far as they are known.' },
    sessionIds: { type: 'array', items: COUNT, description: 'session_id in the SYS views.' },
    error: { $ref: '#/$defs/error' },
    plan: { $ref: '#/$defs/plan' },
  },
  $defs: DEFS,
} as const;

type Defs = typeof DEFS;

/** The type that a schema of this file describes. */
type FromSchema<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly $ref: `#/$defs/${infer Name extends keyof Defs}` }
      ? FromSchema<Defs[Name]>
      : Schema extends { readonly type: 'array'; readonly items: infer Item }
        ? readonly FromSchema<Item>[]
        : Schema extends { readonly properties: infer Properties; readonly required: readonly (infer Needed)[] }
          ? { readonly [Key in keyof Properties as Key extends Needed ? Key : never]: FromSchema<Properties[Key]> } & {
              readonly [Key in keyof Properties as Key extends Needed ? never : Key]?: FromSchema<Properties[Key]>;
            }
          : Schema extends { readonly type: 'string' }
            ? string
            : Schema extends { readonly type: 'boolean' }
              ? boolean
              : number;

/** The same type without intersections and names. */
type Plain<Type> = Type extends readonly (infer Item)[]
  ? readonly Plain<Item>[]
  : Type extends object
    ? { readonly [Key in keyof Type]: Plain<Type[Key]> }
    : Type;

type IsSame<Left, Right> =
  (<Type>() => Type extends Left ? 1 : 2) extends <Type>() => Type extends Right ? 1 : 2 ? true : false;

/** Does not compile where the schema and the type of a report say different things. */
export const SCHEMA_IS_THE_TYPE: IsSame<Plain<FromSchema<typeof RUN_REPORT_SCHEMA>>, Plain<RunReport>> = true;
