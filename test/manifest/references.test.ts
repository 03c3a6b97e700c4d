// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets are written like that
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { Secret } from '../../src/core/secret.ts';
import { resolveConnection, resolveOptions } from '../../src/manifest/resolve.ts';
import { KEYS, PASSWORD } from './connections.ts';
import { issuesOf, pathsOf, refusalOf } from './expect-issues.ts';

describe('secret references', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-references-'));
    await mkdir(join(folder, 'own'));
    await writeFile(join(folder, 'own', 'password'), 'from a file\n');
    await writeFile(join(folder, 'own', 'empty'), '\n');
    await writeFile(join(folder, 'own', 'large'), 'x'.repeat(64 * 1024 + 1));
    await writeFile(join(folder, 'outside'), 'outside');
    await symlink(join(folder, 'outside'), join(folder, 'own', 'link'));
    execFileSync('mkfifo', [join(folder, 'own', 'pipe')]);
  });
  after(() => rm(folder, { recursive: true }));

  const passwordFrom = (password: string, environment = {}): string | undefined => {
    const { options, trace } = resolveConnection(
      { ...PASSWORD, password },
      { environment, directory: join(folder, 'own') },
    );
    expect(trace['password']).to.equal('reference');
    return options.password?.reveal();
  };

  it('read the environment', () => {
    expect(passwordFrom('${env:RS_PASSWORD}', { RS_PASSWORD: 'from the environment' })).to.equal(
      'from the environment',
    );
  });

  it('read a file in the folder of the connection, without its last line break', () => {
    expect(passwordFrom('${file:password}')).to.equal('from a file');
    expect(passwordFrom(`\${file:${join(folder, 'own', 'password')}}`)).to.equal('from a file');
  });

  for (const [title, password] of [
    ['an unset variable', '${env:ABSENT}'],
    ['an inherited property', '${env:constructor}'],
    ['an absent file', '${file:absent}'],
    ['a file outside its roots', '${file:../outside}'],
    ['a link that leads outside', '${file:link}'],
    ['a pipe', '${file:pipe}'],
    ['a folder', '${file:.}'],
    ['a device', '${file:/dev/zero}'],
    ['an empty file', '${file:empty}'],
    ['a large file', '${file:large}'],
    ['an unknown scheme', '${vault:db}'],
  ] as const) {
    it(`are refused for ${title}, by name`, () => {
      const [issue, ...others] = issuesOf(
        { ...PASSWORD, password },
        { environment: {}, directory: join(folder, 'own') },
      );
      expect(others).to.deep.equal([]);
      expect(issue?.path).to.equal('password');
      expect(issue?.message).to.match(/^Password (refers|uses)/);
    });
  }

  it('work in secrets only', () => {
    expect(pathsOf({ ...PASSWORD, username: '${env:HOME}', caFile: '${file:/etc/passwd}' })).to.have.members([
      'username',
      'caFile',
    ]);
  });

  it('are not followed for an option that is not used', () => {
    const values = { ...KEYS, password: '${env:ABSENT}' };
    expect(resolveConnection(values, { environment: {} }).notices[0]).to.contain('Password');
  });

  it('with other text around them are no references but the value itself', () => {
    expect(resolveOptions({ ...PASSWORD, password: 'x${env:HOME}' }).password?.reveal()).to.equal('x${env:HOME}');
  });

  it('are checked like a value once followed', () => {
    const environment = { KEY: 'not a key!' };
    const issues = issuesOf({ ...KEYS, accessKeyId: '${env:KEY}' }, { environment });
    expect(issues.map(({ path }) => path)).to.deep.equal(['accessKeyId']);
    expect(JSON.stringify(issues)).to.not.contain('not a key!');
  });
});

describe('secret references under a host', () => {
  it('go to the host alone', () => {
    const asked: unknown[] = [];
    const resolveSecret = (...call: readonly string[]): Secret => {
      asked.push(call);
      return new Secret('from the host');
    };
    const { password } = resolveOptions({ ...PASSWORD, password: '${env:HOME}' }, { resolveSecret });
    expect(password?.reveal()).to.equal('from the host');
    expect(asked).to.deep.equal([['env:HOME', 'password']]);
  });

  it('are refused when the host has no resolver: its environment and files stay its own', () => {
    for (const password of ['${env:HOME}', '${file:/etc/hostname}']) {
      expect(pathsOf({ ...PASSWORD, password }, { policy: {}, fileRoots: ['/'] })).to.deep.equal(['password']);
    }
  });

  it('that the host does not know or fails on are issues', () => {
    const failure = new Error('vault sealed');
    const resolveSecret = (reference: string): undefined => {
      if (reference === 'vault:b') throw failure;
      return undefined;
    };
    const { issues, cause } = refusalOf(
      { ...KEYS, accessKeyId: '${vault:a}', secretAccessKey: '${vault:b}' },
      { resolveSecret },
    );
    expect(issues.map(({ path }) => path)).to.deep.equal(['accessKeyId', 'secretAccessKey']);
    expect(JSON.stringify(issues)).to.not.contain('vault sealed');
    expect(cause).to.equal(failure);
  });

  it('leave secrets that are written out alone', () => {
    expect(resolveOptions(PASSWORD, { policy: {} }).password?.reveal()).to.equal('p');
  });
});
