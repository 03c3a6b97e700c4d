import { spawnSync } from 'node:child_process';
import { expect } from 'chai';
import {
  LOGIN_FORMS,
  type LoginForm,
  passwordLine,
  type RevealedLogin,
  renderLogin,
} from '../../src/cli/login-forms.ts';
import { environmentOf, type LoginPlace } from '../../src/cli/login-place.ts';

const PLACE: LoginPlace = {
  host: 'warehouse.abc123.us-east-1.redshift.amazonaws.com',
  port: 5439,
  database: 'dev',
  user: 'IAM:etl',
  sslMode: 'verify-full',
  sslRootCert: '/etc/ssl/certs/ca-certificates.crt',
};
const PASSWORD = 'aB/+=9';
const EXPIRES_AT = new Date('2026-11-24T12:15:00Z');

/** Characters that a shell, libpq, Java or an address would take for something else. */
const HOSTILE = ` p:a\\s"s'$(touch /tmp/x)\`id\`#=!;&|*?~{}<>%20@é😀 `;

function render(form: LoginForm, place: Partial<LoginPlace> = {}, rest: Partial<RevealedLogin> = {}): string {
  const whole = { ...PLACE, ...place };
  return renderLogin(form, { place: whole, password: PASSWORD, expiresAt: EXPIRES_AT, ...rest }, environmentOf(whole));
}

describe('the forms of a login', () => {
  const EXPECTED: Readonly<Record<LoginForm, string>> = {
    env: `export PGHOST='warehouse.abc123.us-east-1.redshift.amazonaws.com'
export PGPORT='5439'
export PGDATABASE='dev'
export PGUSER='IAM:etl'
export PGSSLMODE='verify-full'
export PGSSLROOTCERT='/etc/ssl/certs/ca-certificates.crt'
export PGGSSENCMODE='disable'
export PGPASSWORD='aB/+=9'
`,
    'env-no-export': `PGHOST=warehouse.abc123.us-east-1.redshift.amazonaws.com
PGPORT=5439
PGDATABASE=dev
PGUSER=IAM:etl
PGSSLMODE=verify-full
PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt
PGGSSENCMODE=disable
PGPASSWORD=aB/+=9
`,
    json: `${JSON.stringify(
      {
        host: PLACE.host,
        port: 5439,
        database: 'dev',
        user: 'IAM:etl',
        password: PASSWORD,
        expiresAt: '2026-11-24T12:15:00.000Z',
        sslMode: 'verify-full',
        sslRootCert: '/etc/ssl/certs/ca-certificates.crt',
      },
      undefined,
      2,
    )}\n`,
    pgpass: 'warehouse.abc123.us-east-1.redshift.amazonaws.com:5439:dev:IAM\\:etl:aB/+=9\n',
    jdbc: `# jdbc:redshift://warehouse.abc123.us-east-1.redshift.amazonaws.com:5439/dev
user=IAM\\:etl
password=aB/+\\=9
ssl=true
sslmode=verify-full
`,
    url: 'postgresql://IAM%3Aetl@warehouse.abc123.us-east-1.redshift.amazonaws.com:5439/dev?sslmode=verify-full&sslrootcert=%2Fetc%2Fssl%2Fcerts%2Fca-certificates.crt\n',
    'jdbc-url': 'jdbc:redshift://warehouse.abc123.us-east-1.redshift.amazonaws.com:5439/dev\n',
  };
  for (const form of LOGIN_FORMS) {
    it(`${form} is as it was recorded`, () => expect(render(form)).to.equal(EXPECTED[form]));
  }

  for (const place of ['user', 'database', 'password'] as const) {
    it(`a shell reads back any characters of the ${place}, and runs none of them`, () => {
      const text =
        place === 'password' ? render('env', {}, { password: HOSTILE }) : render('env', { [place]: HOSTILE });
      const read = spawnSync('sh', ['-c', `eval "$1"; printf %s "$PG${place.toUpperCase()}"`, 'sh', text]);
      expect(read.stdout.toString()).to.equal(HOSTILE);
    });
  }

  it('a properties file is ASCII, and keeps blanks, line ends of Java and signs that mean something there', () => {
    const [, , password] = render('jdbc', {}, { password: ' a=b:c#d!e\\f é😀 ' }).split('\n');
    expect(password).to.equal('password=\\ a\\=b\\:c\\#d\\!e\\\\f \\u00e9\\ud83d\\ude00 ');
  });

  it('a password line holds for one database, or for each', () => {
    const login = { place: { ...PLACE, database: 'a:b\\c' }, password: 'p:\\' };
    expect(passwordLine(login)).to.match(/:5439:a\\:b\\\\c:IAM\\:etl:p\\:\\\\\n$/);
    expect(passwordLine(login, { anyDatabase: true })).to.match(/:5439:\*:IAM\\:etl:p\\:\\\\\n$/);
  });

  it('an address of version 6 is in brackets where a port follows, and escaped in a password line', () => {
    expect(render('jdbc-url', { host: 'fd00::1' })).to.equal('jdbc:redshift://[fd00::1]:5439/dev\n');
    expect(render('url', { host: 'fd00::1' })).to.include('@[fd00::1]:5439/');
    expect(render('pgpass', { host: 'fd00::1' })).to.match(/^fd00\\:\\:1:5439:/);
  });

  it('a CA file of the connection is named in each form that has a word for it', () => {
    const place = { caFile: '/ca.pem', sslRootCert: '/ca.pem', sslMode: 'verify-ca' } as const;
    expect(render('jdbc', place)).to.include('sslmode=verify-ca\nsslrootcert=/ca.pem\n');
    expect(render('env', place)).to.include("PGSSLMODE='verify-ca'\nexport PGSSLROOTCERT='/ca.pem'");
    expect(JSON.parse(render('json', place))).to.include({ sslMode: 'verify-ca', sslRootCert: '/ca.pem' });
  });

  it('a server name is the host of libpq, which is told where to go; JDBC has no word for it', () => {
    const place = { host: 'warehouse.internal', hostAddress: '10.0.0.7' };
    expect(render('env-no-export', place)).to.match(/^PGHOST=warehouse\.internal\nPGHOSTADDR=10\.0\.0\.7\n/);
    expect(render('url', place)).to.include('@warehouse.internal:5439/dev?').and.to.include('hostaddr=10.0.0.7');
    expect(JSON.parse(render('json', place))).to.include(place);
    for (const form of ['jdbc', 'jdbc-url'] as const) {
      expect(() => render(form, place))
        .to.throw()
        .with.property('code', 'RS_FEATURE_UNSUPPORTED');
    }
  });

  for (const form of ['env', 'env-no-export', 'pgpass', 'jdbc'] as const) {
    it(`${form} refuses what would begin a line of its own or steer a terminal, without telling it`, () => {
      for (const character of ['\n', '\r', '\0', '\u001b', '\u202e']) {
        const password = `canary${character}PGSSLMODE=disable`;
        expect(() => render(form, {}, { password }))
          .to.throw()
          .that.satisfies(
            (error: Error & { code: string }) => error.code === 'RS_CONFIG_INVALID' && !/canary/.test(error.message),
          );
      }
    });
  }

  it('JSON says that a stored password has no end, and holds any text', () => {
    const whole = { place: PLACE, password: 'a\nb\u202e' };
    const text = renderLogin('json', whole, environmentOf(PLACE));
    expect(JSON.parse(text)).to.include({ expiresAt: null, password: 'a\nb\u202e' });
    expect(text).not.to.include('\u202e');
  });
});
