// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references to secrets are written like that
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConnectorError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { loadConnectionFile } from '../../src/manifest/connection-file.ts';
import type { ConnectionInput } from '../../src/manifest/options.gen.ts';

describe('loadConnectionFile', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'roleshift-connection-'));
  });
  after(() => rm(folder, { recursive: true }));

  const load = async (text: string, { name = 'connection.yaml', mode = 0o600 } = {}): Promise<ConnectionInput> => {
    const path = join(folder, name);
    await writeFile(path, text);
    await chmod(path, mode);
    return loadConnectionFile(path);
  };
  const refusal = async (loading: Promise<unknown>): Promise<ConnectorError> => {
    const error: unknown = await loading.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(ConnectorError);
    expect((error as ConnectorError).code).to.equal('RS_CONFIG_INVALID');
    return error as ConnectorError;
  };

  it('reads YAML and JSON alike', async () => {
    const values = { host: 'h', port: 5440, useStaging: true, dbGroups: ['a', 'b'] };
    expect(await load('host: h\nport: 5440\nuseStaging: true\ndbGroups: [a, b] # groups\n')).to.deep.equal(values);
    expect(await load(JSON.stringify(values, null, '\t'), { name: 'c.json' })).to.deep.equal(values);
  });

  it('keeps the core schema: yes, 1_000 and dates are text', async () => {
    expect(await load('username: yes\nqueryGroup: 1_000\ndatabase: 2026-11-24\n')).to.deep.equal({
      username: 'yes',
      queryGroup: '1_000',
      database: '2026-11-24',
    });
  });

  it('takes paths and file references from its own folder', async () => {
    await writeFile(join(folder, 'secret'), 's3cret\n');
    const values = await load('caFile: ca.pem\npassword: ${file:secret}\nsecretAccessKey: ${file:absent}\n', {
      mode: 0o644,
    });
    expect(values.caFile).to.equal(join(folder, 'ca.pem'));
    expect(values.password).to.be.instanceOf(Secret);
    expect(values.secretAccessKey).to.equal(`\${file:${join(folder, 'absent')}}`);
  });

  it('demands 0600 when a secret is written out, and only then', async () => {
    const error = await refusal(load('password: hunter22\nusername: u\n', { mode: 0o640 }));
    expect(error.issues.map(({ path }) => path)).to.deep.equal(['password']);
    expect(error.action).to.match(/^Run chmod 600/);
    expect(await load('password: ${env:X}\n', { mode: 0o644 })).to.deep.equal({ password: '${env:X}' });
    expect(await load('password: hunter22\n', { mode: 0o400 })).to.deep.equal({ password: 'hunter22' });
  });

  it('takes a proxy without a password for no secret', async () => {
    const proxied = await load('awsProxyUrl: http://proxy.example.com:3128\n', { mode: 0o644 });
    expect(proxied.awsProxyUrl).to.equal('http://proxy.example.com:3128');
    const error = await refusal(load('awsProxyUrl: http://me:pw@proxy.example.com:3128\n', { mode: 0o644 }));
    expect(error.issues.map(({ path }) => path)).to.deep.equal(['awsProxyUrl']);
  });

  for (const [title, text, says] of [
    ['a repeated key', 'host: a\nhost: b\n', 'line 2, column 1: duplicate key'],
    ['an alias', 'host: &h a\nusername: *h\n', 'uses aliases'],
    ['an alias bomb', 'a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n', 'uses aliases'],
    ['a key __proto__', '__proto__: {username: x}\n', '__proto__'],
    ['a nested key __proto__', 'intermediateRoles: [{__proto__: {}}]\n', '__proto__'],
    ['a tag', 'host: !!js/function "x"\n', 'tag resolve failed'],
    ['binary data', 'host: !!binary aGk=\n', ''],
    ['two documents', 'host: a\n---\nhost: b\n', 'multiple docs'],
    ['deep nesting', `a: ${'['.repeat(40)}${']'.repeat(40)}\n`, 'nested too deeply'],
    ['broken YAML', 'host: "abc\npassword: hunter22', 'not valid YAML'],
    ['a list', '- a\n', 'holds no options'],
    ['nothing', '', 'holds no options'],
    ['more than 1 MiB', `connectSql: ${'x'.repeat(1024 * 1024)}\n`, 'larger than'],
  ] as const) {
    it(`refuses ${title}`, async () => {
      const { message } = await refusal(load(text));
      expect(message).to.contain(says);
      expect(message).to.not.contain('hunter22');
    });
  }

  it('names an absent file and a folder', async () => {
    expect((await refusal(loadConnectionFile(join(folder, 'nowhere.yaml')))).message).to.contain('does not exist');
    expect((await refusal(loadConnectionFile(folder))).message).to.contain('not a plain file');
  });
});
