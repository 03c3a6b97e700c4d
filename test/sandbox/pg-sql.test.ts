import { expect } from 'chai';
import fc from 'fast-check';
import { Edits } from '../../src/sandbox/pg/sql/edits.ts';
import { rewriteExpressions } from '../../src/sandbox/pg/sql/expressions.ts';
import { NameMap, truncateBytes } from '../../src/sandbox/pg/sql/names.ts';
import { splitStatements, tokenize } from '../../src/sandbox/pg/sql/tokens.ts';

describe('Tokens of the pg endpoint', () => {
  const cases: readonly [sql: string, tokens: readonly string[]][] = [
    ['SELECT a.B, "C""d"', ['word:select', 'word:a', 'symbol:.', 'word:b', 'symbol:,', 'quoted:C"d']],
    ["'it''s' 'a\\'b' '\\\\'", ["string:it's", "string:a'b", 'string:\\']],
    ['$$a;b$$ $x$c$$d$x$ $1', ['string:a;b', 'string:c$$d', 'parameter:$1']],
    ['1.5e-3 .5 10::bigint', ['number:1.5e-3', 'number:.5', 'number:10', 'symbol:::', 'word:bigint']],
    ['a-- gone; "\n+/* /* ; */ */b', ['word:a', 'symbol:+', 'word:b']],
    ['a<=b||c->>d', ['word:a', 'symbol:<=', 'word:b', 'symbol:||', 'word:c', 'symbol:->>', 'word:d']],
    ['Größe #Tmp', ['word:größe', 'word:#tmp']],
  ];
  for (const [sql, expected] of cases) {
    it(`reads ${JSON.stringify(sql)}`, () => {
      expect(tokenize(sql).map(({ kind, value }) => `${kind}:${value}`)).to.deep.equal(expected);
    });
  }

  for (const sql of ["'open", '"open', '/* open', '$$open', "'open\\'"]) {
    it(`refuses ${sql}`, () => {
      expect(() => tokenize(sql)).to.throw(/unterminated/);
    });
  }

  it('splits at semicolons outside of quotes and comments', () => {
    const statements = splitStatements(tokenize('a \';\' ; -- ;\n;; "b;" /* ; */ c;'));
    expect(statements.map((tokens) => tokens.length)).to.deep.equal([2, 2]);
  });

  it('never loses or overlaps text, whatever comes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        ' ',
        '\n',
        ';',
        "'x;'",
        '"q;"',
        '$1',
        '$$d$$',
        '-- c\n',
        '/* c */',
        '::',
        'sel',
        '1.2',
        '(',
        ')',
        "'\\''",
      ),
      fc.string({ maxLength: 3 }),
    );
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const sql = pieces.join('');
        let tokens: ReturnType<typeof tokenize>;
        try {
          tokens = tokenize(sql);
        } catch (error) {
          expect(String(error)).to.match(/unterminated/);
          return;
        }
        let end = 0;
        for (const token of tokens) {
          expect(token.start).to.be.at.least(end);
          expect(token.end).to.be.above(token.start);
          end = token.end;
        }
        expect(end).to.be.at.most(sql.length);
      }),
    );
  });
});

describe('Names of the pg endpoint', () => {
  it('are cut between characters', () => {
    expect(truncateBytes('aé', 2)).to.equal('a');
    expect(truncateBytes('a🎉b', 5)).to.equal('a🎉');
  });

  it('stay different past the 63 bytes of PostgreSQL, and come back whole', () => {
    const names = new NameMap();
    const [first, second] = [`${'x'.repeat(100)}1`, `${'x'.repeat(100)}2`];
    const short = [first, second].map((name) => names.toPostgres(name));
    expect(new Set(short).size).to.equal(2);
    for (const name of short) expect(Buffer.byteLength(name)).to.be.at.most(63);
    expect(short.map((name) => names.fromPostgres(name))).to.deep.equal([first, second]);
    expect(names.restore(`relation "${short[1]}" does not exist`)).to.equal(`relation "${second}" does not exist`);
    expect(names.toPostgres('short')).to.equal('short');
  });
});

describe('Expressions of the pg endpoint', () => {
  const rewritten = (sql: string): string => {
    const tokens = tokenize(sql);
    const edits = new Edits();
    const counters = { lastCopyCount: 7, lastCopyId: 8, lastUnloadCount: 9, lastUnloadId: 0, lastQueryId: 0 };
    rewriteExpressions(tokens, edits, {
      rules: { caseSensitive: false, names: new NameMap() },
      state: { ...counters, nextQueryId: () => 1 },
      lenient: false,
      foreignFunctions: new Set(),
    });
    return edits.apply(sql, 0, sql.length);
  };
  for (const [sql, expected] of [
    ['NVL(a, 1)', 'coalesce(a, 1)'],
    ['x.nvl', 'x.nvl'],
    ['sysdate', 'sysdate()'],
    ["DATEADD(day, 1, '2024-01-01')", "DATEADD(E'day', 1, '2024-01-01')"],
    ['a::decimal', 'a::decimal(18,0)'],
    ['CAST(f(a) AS numeric)', 'CAST(f(a) AS numeric(18,0))'],
    ['a AS numeric', 'a AS numeric'],
    ['a::decimal(5,2)', 'a::decimal(5,2)'],
    ['a::varchar(max)', 'a::varchar(65535)'],
    ['SELECT 1 MINUS SELECT 2', 'SELECT 1 EXCEPT SELECT 2'],
    ['"MiXed"."B"', '"mixed"."b"'],
    ['pg_last_copy_count()', 'pg_last_copy_count(7)'],
    ["'sysdate'", "'sysdate'"],
  ] as const) {
    it(`turns ${sql} into ${expected}`, () => {
      expect(rewritten(sql)).to.equal(expected);
    });
  }
});
