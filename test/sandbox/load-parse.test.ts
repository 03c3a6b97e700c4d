import { expect } from 'chai';
import { parseCopy } from '../../src/sandbox/load/parse-copy.ts';
import { parseUnload } from '../../src/sandbox/load/parse-unload.ts';
import { RedshiftError } from '../../src/sandbox/pg/backend-session.ts';

const ROLE = 'arn:aws:iam::111122223333:role/RedshiftCopy';
const COPY = `COPY t FROM 's3://acme/in/' IAM_ROLE '${ROLE}'`;
const UNLOAD = `UNLOAD ('select * from t') TO 's3://acme/out/' IAM_ROLE '${ROLE}'`;

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof RedshiftError) return error.message;
    throw error;
  }
  throw new Error('The statement was accepted');
}

describe('COPY statements', () => {
  it('have defaults', () => {
    const statement = parseCopy(COPY);
    expect(statement).to.deep.include({
      table: ['t'],
      source: 's3://acme/in/',
      format: 'delimited',
      delimiter: '|',
      nullAs: '\\N',
      compression: 'none',
      manifest: false,
      maxErrors: 0,
    });
    expect(statement.authorization).to.deep.equal({ kind: 'roles', arns: [ROLE] });
  });

  it('take options in any order and any case, with and without AS, between comments', () => {
    const statement = parseCopy(`-- load
      copy "Sales"."Order ""x""" (a, "B b")   /* columns */
      From 's3://acme/it''s/manifest' Region As 'eu-west-1' gzip Null 'NIL' Manifest MaxError 3 -- more
      iam_role '${ROLE},arn:aws:iam::444455556666:role/Next' Format As csv Quote As '%' delimiter ';' ignoreheader as 1;`);
    expect(statement).to.deep.include({
      table: ['"Sales"', '"Order ""x"""'],
      columns: ['a', '"B b"'],
      source: "s3://acme/it's/manifest",
      region: 'eu-west-1',
      compression: 'gzip',
      nullAs: 'NIL',
      manifest: true,
      maxErrors: 3,
      format: 'csv',
      quote: '%',
      delimiter: ';',
      ignoreHeader: 1,
    });
    expect(statement.authorization).to.have.property('arns').with.length(2);
  });

  for (const { title, sql } of [
    {
      title: 'awswrangler',
      sql: `COPY "public"."t" ("a","b") FROM 's3://acme/in/' IAM_ROLE '${ROLE}' FORMAT AS PARQUET`,
    },
    {
      title: 'dlt',
      sql: `COPY "d"."t" FROM 's3://acme/in/1.jsonl' FORMAT AS JSON 'auto' dateformat 'auto' timeformat 'auto' GZIP CREDENTIALS 'aws_access_key_id=AKIA1;aws_secret_access_key=x/y+z=' region 'us-east-1' MAXERROR 0`,
    },
    {
      title: 'sling',
      sql: `COPY "public"."t" ("id", "name") from 's3://acme/in/' credentials 'aws_access_key_id=AKIA1;aws_secret_access_key=abc;token=t==' CSV delimiter ',' GZIP IGNOREHEADER 1 EMPTYASNULL BLANKSASNULL DATEFORMAT 'auto' TIMEFORMAT 'auto'`,
    },
    {
      title: 'a person with keys',
      sql: `copy t from 's3://acme/in' access_key_id 'AKIA1' secret_access_key 'abc' session_token 'xyz' escape removequotes delimiter '\\t' compupdate off statupdate on`,
    },
  ]) {
    it(`are read as ${title} writes them`, () => {
      expect(parseCopy(sql).kind).to.equal('copy');
    });
  }

  it('keep secrets from being seen', () => {
    const { authorization } = parseCopy(
      `copy t from 's3://acme/in' credentials 'aws_access_key_id=AKIA1;aws_secret_access_key=canary'`,
    );
    expect(JSON.stringify(authorization)).not.to.contain('canary');
  });

  for (const [delimiter, read] of [
    ["'\\t'", '\t'],
    ["'\\011'", '\t'],
    ["'|'", '|'],
  ] as const) {
    it(`read the delimiter ${delimiter}`, () => {
      expect(parseCopy(`${COPY} DELIMITER ${delimiter}`).delimiter).to.equal(read);
    });
  }

  for (const [marker, read] of [
    ["'\\N'", '\\N'],
    ["'\\\\N'", '\\N'],
    ["'@NULL@'", '@NULL@'],
    ["''", ''],
  ] as const) {
    it(`read NULL AS ${marker}`, () => {
      expect(parseCopy(`${COPY} CSV NULL AS ${marker}`).nullAs).to.equal(read);
    });
  }

  for (const [options, message] of [
    ['CSV ESCAPE', 'CSV is not compatible with ESCAPE'],
    ['CSV REMOVEQUOTES', 'CSV is not compatible with REMOVEQUOTES'],
    ["PARQUET NULL AS 'x'", 'NULL argument is not supported for PARQUET based COPY'],
    ["PARQUET REGION 'us-east-1'", 'REGION argument is not supported for PARQUET based COPY'],
    ['PARQUET MAXERROR 5', 'MAXERROR argument is not supported for PARQUET based COPY'],
    ['PARQUET GZIP', 'GZIP argument is not supported for PARQUET based COPY'],
    ["JSON 'auto' DELIMITER ','", 'JSON is not compatible with DELIMITER'],
    ['CSV PARQUET', 'CSV is not compatible with PARQUET'],
    ['GZIP ZSTD', 'GZIP is not compatible with ZSTD'],
    ['IGNOREALLERRORS MAXERROR 3', 'IGNOREALLERRORS is not compatible with MAXERROR'],
    ["JSON 's3://acme/paths.json'", 'The sandbox does not imitate COPY JSON with a jsonpaths file'],
    ['AVRO', 'The sandbox does not imitate COPY with AVRO'],
    ['FORMAT ORC', 'The sandbox does not imitate COPY with ORC'],
    ['SHAPEFILE', 'The sandbox does not imitate COPY with SHAPEFILE'],
    ["FIXEDWIDTH 'a:3'", 'The sandbox does not imitate COPY with FIXEDWIDTH'],
    ['BZIP2', 'The sandbox does not imitate COPY with BZIP2'],
    ['ENCODING UTF16', 'The sandbox does not imitate COPY with ENCODING UTF16'],
    ['CSV CSV', 'conflicting or redundant options: csv'],
    ['NONSENSE', 'syntax error at or near "NONSENSE"'],
    ["DELIMITER 'ab'", 'DELIMITER must be a single ASCII character'],
    ['MAXERROR 100001', 'MAXERROR must be between 0 and 100000'],
    ["ACCESS_KEY_ID 'x' SECRET_ACCESS_KEY 'y'", 'authorization is given more than once'],
    ['NULL', 'syntax error at end of input'],
  ] as const) {
    it(`refuse ${options}`, () => {
      expect(refusal(() => parseCopy(`${COPY} ${options}`))).to.contain(message);
    });
  }

  for (const [sql, message] of [
    [`COPY t FROM 's3://acme/in'`, 'CREDENTIALS argument is required'],
    [`COPY t FROM 's3://acme/in' IAM_ROLE 'nonsense'`, 'Invalid IAM role ARN'],
    [`COPY t FROM 's3://acme/in' IAM_ROLE '${ROLE}, ${ROLE}'`, 'spaces are not allowed'],
    [`COPY t FROM 'dynamodb://x' IAM_ROLE '${ROLE}'`, 'does not imitate COPY from dynamodb'],
    [`COPY JOB CREATE x`, 'does not imitate COPY JOB'],
    [`COPY t FROM 's3://acme/in IAM_ROLE`, 'unterminated quoted string'],
  ] as const) {
    it(`refuse ${sql}`, () => {
      expect(refusal(() => parseCopy(sql))).to.contain(message);
    });
  }
});

describe('UNLOAD statements', () => {
  it('have defaults', () => {
    expect(parseUnload(UNLOAD)).to.deep.include({
      query: 'select * from t',
      format: 'delimited',
      delimiter: '|',
      nullAs: '',
      manifest: 'none',
      parallel: true,
      compression: 'none',
    });
  });

  it('resolve the quotes of the query', () => {
    const { query } = parseUnload(
      `UNLOAD ('select ''it''''s'' as a, \\'b\\' from "T" -- limit 3\n where c = '';'';') TO 's3://acme/out/' IAM_ROLE default`,
    );
    expect(query).to.equal(`select 'it''s' as a, 'b' from "T" -- limit 3\n where c = ';'`);
  });

  it('take options in any order', () => {
    expect(
      parseUnload(
        `unload ('select 1') to 's3://acme/o_' parallel off maxfilesize 5 mb manifest verbose header iam_role default zstd format csv delimiter as ';' null as 'x' allowoverwrite extension 'csv.zst'`,
      ),
    ).to.deep.include({
      parallel: false,
      maxFileBytes: 5 * 1024 * 1024,
      manifest: 'verbose',
      header: true,
      compression: 'zstd',
      format: 'csv',
      delimiter: ';',
      nullAs: 'x',
      allowOverwrite: true,
      extension: 'csv.zst',
      authorization: { kind: 'default' },
    });
  });

  for (const [options, message] of [
    ['PARQUET HEADER', 'HEADER is not supported for UNLOAD to PARQUET'],
    ["PARQUET NULL AS 'x'", 'NULL is not supported for UNLOAD to PARQUET'],
    ['PARQUET GZIP', 'GZIP is not supported for UNLOAD to PARQUET'],
    ['CSV ESCAPE', 'ESCAPE is not supported for UNLOAD to CSV'],
    ['CSV ADDQUOTES', 'ADDQUOTES is not supported for UNLOAD to CSV'],
    ['CLEANPATH ALLOWOVERWRITE', 'CLEANPATH and ALLOWOVERWRITE'],
    ['PARQUET ROWGROUPSIZE 16 MB', 'ROWGROUPSIZE must be between 32 MB and 128 MB'],
    ['MAXFILESIZE 1 MB', 'MAXFILESIZE must be between'],
    ['JSON HEADER', 'HEADER is not supported for UNLOAD to JSON'],
    ['PARQUET PARTITION BY (a)', 'The sandbox does not imitate UNLOAD with PARTITION BY'],
    ['BZIP2', 'The sandbox does not imitate UNLOAD with BZIP2'],
    ["KMS_KEY_ID 'k'", 'KMS_KEY_ID must be used with the ENCRYPTED option'],
  ] as const) {
    it(`refuse ${options}`, () => {
      expect(refusal(() => parseUnload(`${UNLOAD} ${options}`))).to.contain(message);
    });
  }

  for (const [query, message] of [
    ['select * from t limit 5', 'Limit clause is not supported'],
    ['delete from t', 'UNLOAD accepts only a SELECT statement'],
  ] as const) {
    it(`refuse the query ${query}`, () => {
      expect(refusal(() => parseUnload(`UNLOAD ('${query}') TO 's3://acme/o' IAM_ROLE default`))).to.equal(message);
    });
  }

  it('take a LIMIT that is not outermost', () => {
    const sql = `UNLOAD ('select * from (select * from t limit 5)') TO 's3://acme/o' IAM_ROLE default`;
    expect(parseUnload(sql).query).to.contain('limit 5');
  });
});
