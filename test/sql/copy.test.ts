import { expect } from 'chai';
import { type CopyCommand, renderCopy } from '../../src/sql/copy.ts';
import { parseCopyRole } from '../../src/sql/role.ts';
import { integer, Sql, sql } from '../../src/sql/sql.ts';
import { isUnloadable, renderUnload, renderUnloadQuery, type UnloadCommand } from '../../src/sql/unload.ts';
import { failureOf } from '../failure.ts';

const ROLE = 'arn:aws:iam::111122223333:role/Load';
const OTHER = 'arn:aws:iam::444455556666:role/path/Other';

function copy(change: Partial<CopyCommand> = {}): CopyCommand {
  return {
    target: ['sales', 'orders'],
    columns: ['id', 'name'],
    manifestUrl: 's3://acme/run/manifest.json',
    role: parseCopyRole(ROLE),
    format: { kind: 'csv', compression: 'zstd', nullMarker: 'null_42' },
    ...change,
  };
}

const HEAD = `COPY "sales"."orders" ("id", "name") FROM 's3://acme/run/manifest.json' IAM_ROLE '${ROLE}' MANIFEST`;
const CSV = `FORMAT AS CSV DELIMITER ',' QUOTE '"' ZSTD NULL AS 'null_42' DATEFORMAT 'auto' TIMEFORMAT 'auto'`;

describe('renderCopy', () => {
  for (const { title, change, expected } of [
    { title: 'CSV', change: {}, expected: `${HEAD} ${CSV}` },
    { title: 'Parquet', change: { format: { kind: 'parquet' } }, expected: `${HEAD} FORMAT AS PARQUET` },
    {
      title: 'gzip and plain files',
      change: { format: { kind: 'csv', compression: 'none', nullMarker: 'null_42' } },
      expected: `${HEAD} ${CSV.replace(' ZSTD', '')}`,
    },
    {
      title: 'every option',
      change: { region: 'eu-central-1', maxRejects: 3, temporary: true },
      expected: `${HEAD} ${CSV} REGION 'eu-central-1' MAXERROR 4 COMPUPDATE OFF STATUPDATE OFF`,
    },
    {
      title: 'a temporary table',
      change: { target: ['stage'], format: { kind: 'parquet' }, temporary: true },
      expected: `${HEAD.replace('"sales"."orders"', '"stage"')} FORMAT AS PARQUET STATUPDATE OFF`,
    },
    {
      title: 'the default role',
      change: { role: { kind: 'default' } },
      expected: `${HEAD.replace(`IAM_ROLE '${ROLE}'`, 'IAM_ROLE default')} ${CSV}`,
    },
    {
      title: 'a chain of roles',
      change: { role: parseCopyRole(`${ROLE}, ${OTHER}`) },
      expected: `${HEAD.replace(ROLE, `${ROLE},${OTHER}`)} ${CSV}`,
    },
    {
      title: 'hostile names',
      change: { target: ['a;drop table t', 'Größe "x"'], columns: ['select', `x' IAM_ROLE 'y`] },
      expected: `COPY "a;drop table t"."Größe ""x""" ("select", "x' IAM_ROLE 'y") FROM 's3://acme/run/manifest.json' IAM_ROLE '${ROLE}' MANIFEST ${CSV}`,
    },
  ] satisfies { title: string; change: Partial<CopyCommand>; expected: string }[]) {
    it(`renders ${title}`, () => expect(String(renderCopy(copy(change)))).to.equal(expected));
  }

  for (const { title, change, code } of [
    {
      title: 'a region for Parquet',
      change: { format: { kind: 'parquet' }, region: 'eu-west-1' },
      code: 'RS_FEATURE_UNSUPPORTED',
    },
    {
      title: 'rejects for Parquet',
      change: { format: { kind: 'parquet' }, maxRejects: 1 },
      code: 'RS_FEATURE_UNSUPPORTED',
    },
    { title: 'more rejects than COPY tolerates', change: { maxRejects: 100_000 }, code: 'RS_CONFIG_INVALID' },
    { title: 'no column', change: { columns: [] }, code: 'RS_INTERNAL' },
    { title: 'an address that is not S3', change: { manifestUrl: 'https://acme/x' }, code: 'RS_CONFIG_INVALID' },
    {
      title: 'an address with a control character',
      change: { manifestUrl: 's3://acme/a\nb' },
      code: 'RS_CONFIG_INVALID',
    },
    {
      title: 'a role that smuggles another authorisation',
      change: { role: { kind: 'chain', roleArns: [`${ROLE}' ACCESS_KEY_ID 'AKIA`] } },
      code: 'RS_CONFIG_INVALID',
    },
  ] satisfies { title: string; change: Partial<CopyCommand>; code: string }[]) {
    it(`refuses ${title}`, () => expect(failureOf(() => renderCopy(copy(change))).code).to.equal(code));
  }
});

describe('parseCopyRole', () => {
  for (const text of [
    '',
    'Load',
    'aws_access_key_id=AKIA;aws_secret_access_key=x',
    `${ROLE},`,
    Array(11).fill(ROLE).join(','),
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 50))}`, () => {
      expect(failureOf(() => parseCopyRole(text)).code).to.equal('RS_CONFIG_INVALID');
    });
  }
  it('reads default in any case', () => expect(parseCopyRole(' Default ')).to.deep.equal({ kind: 'default' }));
});

function unload(change: Partial<UnloadCommand> = {}): UnloadCommand {
  return { query: sql`SELECT 1`, prefixUrl: 's3://acme/run/', role: parseCopyRole(ROLE), ...change };
}

describe('renderUnload', () => {
  const tail = `TO 's3://acme/run/' IAM_ROLE '${ROLE}' FORMAT AS PARQUET MANIFEST VERBOSE`;
  for (const { title, change, expected } of [
    { title: 'the least', change: {}, expected: `UNLOAD ('SELECT 1') ${tail}` },
    {
      title: 'quotes doubled',
      change: { query: Sql.user(`select 'it''s', "a'b"`) },
      expected: `UNLOAD ('select ''it''''s'', "a''b"') ${tail}`,
    },
    {
      title: 'every option',
      change: { region: 'eu-west-1', kmsKeyId: 'arn:aws:kms:eu-west-1:1:key/2', maxFileMb: 64 },
      expected: `UNLOAD ('SELECT 1') ${tail} MAXFILESIZE 64 MB REGION 'eu-west-1' KMS_KEY_ID 'arn:aws:kms:eu-west-1:1:key/2' ENCRYPTED`,
    },
  ]) {
    it(`renders ${title}`, () => expect(String(renderUnload(unload(change)))).to.equal(expected));
  }

  it('keeps the author of the query', () => {
    expect(renderUnload(unload({ query: Sql.user('select 1') })).author).to.equal('user');
  });

  it('refuses what cannot be quoted, sizes out of bounds and statements past 16 MB', () => {
    expect(isUnloadable(Sql.user(String.raw`select '\n'`))).to.equal(false);
    expect(failureOf(() => renderUnload(unload({ query: Sql.user(String.raw`select '\n'`) }))).code).to.equal(
      'RS_FEATURE_UNSUPPORTED',
    );
    expect(failureOf(() => renderUnload(unload({ maxFileMb: 4 }))).code).to.equal('RS_CONFIG_INVALID');
    const long = Sql.user(`select '${'x'.repeat(16 * 1024 * 1024)}'`);
    expect(failureOf(() => renderUnload(unload({ query: long }))).code).to.equal('RS_CONFIG_INVALID');
  });
});

describe('renderUnloadQuery', () => {
  it('names columns by position, casts, and takes the LIMIT inside', () => {
    const query = renderUnloadQuery(sql`SELECT * FROM t LIMIT ${integer(5)}`, [
      { name: 'c1' },
      { name: 'c2', form: { cast: 'VARCHAR(64)' } },
    ]);
    expect(String(query)).to.equal(
      'SELECT "c1", CAST("c2" AS VARCHAR(64)) AS "c2" FROM (SELECT * FROM t LIMIT 5\n) AS roleshift_source ("c1", "c2")',
    );
  });
});
