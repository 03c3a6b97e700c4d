import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { MANIFEST } from '../../src/manifest/manifest.gen.ts';

/** A file of tests, and the title of one in it that shows what the attribute does; `…`: what is filled in. */
type Effect = readonly [file: string, title: string];

const SOURCES = 'operations/read/read-sources.test.ts';
const PARTITIONED = 'operations/read/read-partitioned.test.ts';
const FILES = 'operations/export/read-to-files.test.ts';
const CALL = 'operations/call/call.test.ts';
const OPTIONS = 'operations/write/write-options.test.ts';
const RULES = 'operations/write/rules.test.ts';
const AROUND = 'operations/target/around.test.ts';
const CREATE = 'operations/target/create-target.test.ts';
const DEFINED = 'has what is defined: types, keys, encodings, an identity, comments, distribution and sorting';
const CHANGE = 'operations/target/change-target.test.ts';
const RECREATE = 'operations/target/recreate.test.ts';
const INSERTED = 'operations/write/insert-path.test.ts';

/** What a read and a preview have in common. */
const SOURCE: Readonly<Record<string, Effect>> = {
  object: [SOURCES, 'give …, …'],
  objects: [SOURCES, 'name what joined objects have in common by their aliases'],
  query: [SOURCES, 'give …, …'],
  columns: [SOURCES, 'give …, …'],
  filter: [SOURCES, 'are filtered by …'],
  where: [PARTITIONED, 'cut a query, joined objects, and rows that a condition picks'],
  distinct: [SOURCES, 'give …, …'],
  parameters: [SOURCES, 'give …, …'],
  orderBy: [SOURCES, 'sort and limit joined objects'],
};

const EFFECTS: Readonly<Record<string, Readonly<Record<string, Effect>>>> = {
  check: {
    read: ['operations/check-findings.test.ts', 'that a read has'],
    write: ['operations/check-findings.test.ts', 'leaves UNLOAD out where only a write was asked for'],
    operation: ['operations/check-findings.test.ts', 'that …, with the GRANT'],
    only: ['operations/check-tasks.test.ts', 'can be chosen: …'],
    skip: ['operations/check-tasks.test.ts', 'can be chosen: …'],
  },
  discover: {
    schema: ['operations/discover.test.ts', 'lists tables and views of a schema'],
    object: ['operations/discover.test.ts', 'describes a table with its columns and keys'],
  },
  preview: {
    ...SOURCE,
    filter: [SOURCES, 'are previewed too'],
    limit: ['operations/read/read-direct.test.ts', 'shows as many rows as asked for, and the fields of none'],
  },
  call: {
    procedure: [CALL, 'takes …'],
    arguments: [CALL, 'takes …'],
    limit: [CALL, 'gives the rows of a cursor, and commits what the procedure did'],
  },
  read: {
    ...SOURCE,
    procedure: [CALL, 'gives the rows of a cursor, however many, and commits'],
    arguments: [CALL, 'gives the rows of a cursor, however many, and commits'],
    limit: [SOURCES, 'sort and limit joined objects'],
    mode: ['operations/read/read-plan.test.ts', 'is … for …, and says why'],
    acceptLoss: ['operations/read/read-plan.test.ts', 'refuses to lose values that nobody gave up'],
    verify: ['operations/read/read-verify.test.ts', 'give the same rows by …, once each column was compared'],
    preSql: [SOURCES, 'run them once, in one session, around a … read'],
    postSql: [SOURCES, 'run them once, in one session, around a … read'],
    allowInconsistent: [PARTITIONED, 'are refused …'],
    partitionColumn: [PARTITIONED, 'lose no row and give none twice by ranges of "…"'],
    partitionHash: [PARTITIONED, 'lose no row and give none twice by a hash of …'],
    partitionCount: [PARTITIONED, 'tell how far each part is'],
    partitionBoundaries: [PARTITIONED, 'lose no row and give none twice with …'],
    partitionSessions: [PARTITIONED, 'lose no row and give none twice with …'],
    partitionMode: [PARTITIONED, 'lose no row and give none twice with …'],
    resumable: ['operations/read/read-resume.test.ts', 'survives a failure: S3 that answers no more'],
    resumeFrom: [
      'operations/read/read-resume.test.ts',
      'continues behind the last checkpoint, with no second UNLOAD, and leaves nothing in the end',
    ],
    batchRows: ['operations/read/read-direct.test.ts', 'fetches in growing batches, each row once'],
  },
  readToFiles: {
    format: [FILES, 'writes objects to S3, refuses to mix them with others, and replaces its own'],
    compression: [FILES, 'compresses as it is told, and leaves the header out'],
    splitBytes: [FILES, 'splits by rows and by size, numbered, nothing lost'],
    splitRows: [FILES, 'splits by rows and by size, numbered, nothing lost'],
    replace: [FILES, 'leaves what is there alone unless it may be replaced, and whenever it fails'],
    delimiter: [FILES, 'writes CSV that tells NULL from the empty text, in a dialect of choice, compressed'],
    withoutHeader: [FILES, 'compresses as it is told, and leaves the header out'],
    nullMarker: [FILES, 'writes CSV that tells NULL from the empty text, in a dialect of choice, compressed'],
    checksums: [FILES, 'writes Parquet with exact names, types and values'],
    manifest: [FILES, 'writes objects to S3, refuses to mix them with others, and replaces its own'],
  },
  write: {
    object: ['operations/write/object-reference.test.ts', 'reads …'],
    operation: [RULES, 'rule 1: LOCK comes first; rule 2: a run id is applied once: …'],
    before: [OPTIONS, 'name'],
    keys: [OPTIONS, 'name'],
    columns: [
      'operations/write/write-operations.test.ts',
      'takes the change column besides the columns that are named',
    ],
    updateColumns: [OPTIONS, 'name'],
    changeColumn: [OPTIONS, 'name'],
    duplicateKeys: [OPTIONS, 'name'],
    duplicateKeysBy: [OPTIONS, 'name'],
    unmatched: [OPTIONS, 'name'],
    keepIdentity: [OPTIONS, 'name'],
    acceptLoss: ['operations/write/verify.test.ts', 'leaves out columns whose loss was accepted'],
    verify: ['operations/write/verify.test.ts', 'does nothing of the kind unless it is asked for'],
    rejectLimit: [RULES, 'rule 5: rows are numbered, and a limit of N is MAXERROR N+1'],
    rejectFile: ['operations/write/rejects.test.ts', 'is loaded again once it is mended'],
    path: [INSERTED, 'auto inserts few rows, and stages more than fit one statement, with the rows that came before'],
    insertRowLimit: [INSERTED, 'refuses more rows than it may write, by the limit and the mend'],
    lockTarget: [
      RULES,
      'rule 1: the table itself is locked on request only, after the ledger, and no longer waited for than that',
    ],
    ledger: [RULES, 'rule 4: without a ledger two upserts of one key insert it once where the table is locked'],
    ledgerRetentionDays: [
      'operations/write/write-ledger.test.ts',
      'forgets runs past their age and no other, and can be told to keep all',
    ],
    skipLoadedFiles: [
      'operations/write/write-skip.test.ts',
      'are skipped, counted and told, before anything is staged',
    ],
    sourceBucketOwner: [
      'operations/write/write-s3.test.ts',
      'are found in another region, and refused where another account owns the bucket',
    ],
    spoolMib: ['operations/write/write-s3.test.ts', 'refuses an object larger than may lie in the work directory'],
    lockTimeoutSeconds: [
      'operations/write/write-faults.test.ts',
      'waits for another load into the same table no longer than it is told',
    ],
    settleTimeoutSeconds: [
      'operations/write/write-faults.test.ts',
      'keeps the staged files and says so when a lost COMMIT cannot be settled, and settles it by the run id later',
    ],
    conflictAttempts: ['operations/write/write-faults.test.ts', 'gives up on conflicts in bounded time'],
    createTarget: [CREATE, 'is not made of rows that tell no types, and not unless asked for'],
    targetChanges: [CHANGE, 'gets the columns that it lacks, and no wider types, by add'],
    columnDefinitions: [CREATE, DEFINED],
    distribution: [CREATE, 'is distributed as told: …'],
    distributionKey: [RECREATE, 'leaves a table alone that fits, and changes one whose distribution is to be another'],
    sortKeys: [RECREATE, 'leaves a table alone that fits, and changes one whose distribution is to be another'],
    sortStyle: [CREATE, 'is sorted as told: …'],
    stagedFormat: ['operations/write/pass-through.test.ts', 'becomes CSV for …'],
    tableComment: [CREATE, DEFINED],
    analyze: [AROUND, 'analyzes and vacuums behind the commit'],
    vacuum: [AROUND, 'analyzes and vacuums behind the commit'],
    vacuumThresholdPercent: [AROUND, 'analyzes and vacuums behind the commit'],
    preSql: [RULES, 'rule 10: SQL of your own runs outside our transaction, once for a run id, never for a retry'],
    postSql: [RULES, 'rule 10: SQL of your own runs outside our transaction, once for a run id, never for a retry'],
    sqlInTransaction: [
      RULES,
      'rule 10: inside only when free of what ends or leaves a transaction, and then undone with it',
    ],
  },
  janitor: {
    dryRun: ['operations/janitor.test.ts', 'tells in a dry run what it would delete, and deletes nothing'],
    olderThan: ['operations/janitor.test.ts', 'goes by the age that is asked for'],
  },
};

const texts = new Map<string, string>();

function textOf(file: string): string {
  const text = texts.get(file) ?? readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
  texts.set(file, text);
  return text;
}

function titleIn(title: string): RegExp {
  const words = title.split('…').map((part) => part.replaceAll(/[^\w\s]/g, '\\$&'));
  return new RegExp(`\\bit\\(['"\`]?${words.join('.+')}`);
}

describe('every attribute of an operation is shown by a test to have an effect', () => {
  for (const [operation, { attributes = {} }] of Object.entries(MANIFEST.operations)) {
    it(operation, () => {
      const effects = EFFECTS[operation] ?? {};
      expect(Object.keys(effects).sort(), 'attributes').to.deep.equal(Object.keys(attributes).sort());
      for (const [attribute, [file, title]] of Object.entries(effects)) {
        const text = textOf(file);
        const isTitle = titleIn(title).test(text);
        expect(isTitle, `${operation}.${attribute}: ${file} has no test "${title}"`).to.equal(true);
        expect(text, `${operation}.${attribute} in ${file}`).to.match(new RegExp(`\\b${attribute}\\b`));
      }
    });
  }
});
