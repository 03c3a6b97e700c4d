import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { expect } from 'chai';
import type { Browser } from 'playwright-core';
import type { ReadyConnection } from '../../src/sandbox/connections.ts';
import { openWorld, type TestWorld } from '../harness.ts';
import { ConnectionPage, hasChromium, openBrowser } from './connection-page.ts';
import { type InstalledHost, installHost, type RunningHost, startHost } from './host-process.ts';

/** Set to a folder, the test leaves pictures of the page there. */
const PICTURES = process.env['HOST_PICTURES'];
const KEY_FIELDS = ['accessKeyId', 'secretAccessKey', 'sessionToken'] as const;

describe('the sample host, with the packed plugin in Chromium', () => {
  let world: TestWorld;
  let installed: InstalledHost;
  let host: RunningHost;
  let browser: Browser;
  let page: ConnectionPage;

  before(async () => {
    if (!hasChromium) throw new Error('Chromium is missing: install it at /usr/bin/chromium, or set CHROMIUM');
    world = await openWorld();
    await world.sql('CREATE TABLE public.cities (id int PRIMARY KEY, name varchar(40), people bigint)');
    await world.sql("INSERT INTO public.cities VALUES (1, 'Größe', 9007199254740993), (2, NULL, 7)");
    await world.sql('GRANT ALL ON public.cities TO etl');
    installed = await installHost();
    const { environment } = world.connection('ec2-agent');
    host = await startHost(installed.folder, { ...environment, HOST_FILE_ROOTS: dirname(world.caFile ?? '/nowhere') });
    browser = await openBrowser();
  });

  after(async () => {
    await browser?.close();
    await host?.[Symbol.asyncDispose]();
    await installed?.[Symbol.asyncDispose]();
    await world?.[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    const context = await browser.newContext({ viewport: { width: 960, height: 1200 } });
    const tab = await context.newPage();
    await tab.goto(host.url);
    page = new ConnectionPage(tab);
    await page.field('username').waitFor();
  });

  afterEach(async function () {
    if (PICTURES !== undefined) {
      await mkdir(PICTURES, { recursive: true });
      await page.picture(`${PICTURES}/${this.currentTest?.title.replace(/\W+/g, '-')}.png`);
    }
    for (const context of browser.contexts()) await context.close();
  });

  const valuesOf = (name: string): ReadyConnection['values'] => world.connection(name).values;

  it('shows what a password login needs, and errors beside the fields', async () => {
    expect(await page.shows('password', 'roleArn', 'useEc2Role', ...KEY_FIELDS, 'stagingBucket')).to.deep.equal({
      password: true,
      roleArn: false,
      useEc2Role: false,
      accessKeyId: false,
      secretAccessKey: false,
      sessionToken: false,
      stagingBucket: false,
    });
    expect(await page.field('password').getAttribute('type')).to.equal('password');
    await page.test();
    for (const key of ['host', 'database', 'username', 'password']) {
      expect(await page.errorBeside(key), key).to.equal('is needed');
    }
    await page.fill({ jdbcUrl: 'jdbc:redshift://warehouse.abc123.us-west-2.redshift.amazonaws.com:5439/dev' });
    await page.test();
    expect([await page.errorBeside('host'), await page.errorBeside('database')]).to.deep.equal(['', '']);
  });

  it('says beside a field what its pattern means, and what only the plugin can know', async () => {
    await page.fill({ ...valuesOf('ec2-agent'), roleArn: 'RedshiftLogin' });
    await page.test();
    expect(await page.errorBeside('roleArn')).to.contain('must be the ARN of an IAM role, such as arn:aws:iam::');
    await page.fill({ roleArn: valuesOf('ec2-agent')['roleArn'] as string, username: 'select' });
    await page.test();
    expect(await page.answer()).to.contain('Username is a reserved word');
    expect(await page.errorBeside('username')).to.contain('reserved word');
  });

  it('option 1: the access keys of an IAM user, through to preview and load', async () => {
    await page.fill({ authType: 'assumeRole' });
    expect(await page.shows('password', 'roleArn', ...KEY_FIELDS)).to.deep.equal({
      password: false,
      roleArn: true,
      accessKeyId: true,
      secretAccessKey: true,
      sessionToken: true,
    });
    await page.fill({ useEc2Role: false });
    await page.test();
    for (const key of ['roleArn', 'accessKeyId', 'secretAccessKey']) {
      expect(await page.errorBeside(key), key).to.equal('is needed');
    }
    await page.fill(valuesOf('keys-etl-agent'));
    await page.test();
    const report = await page.answer();
    expect(report).to.contain('RedshiftLogin');
    expect(report).to.not.contain(valuesOf('keys-etl-agent')['secretAccessKey'] as string);

    await page.preview('public.cities');
    expect(await page.answer())
      .to.contain('Größe')
      .and.contain('9007199254740993')
      .and.contain('∅');

    await page.load('public.cities', { name: 'more.csv', text: 'id,name,people\n3,Ulm,128000\n4,東京,14000000\n' });
    expect(await page.answer()).to.equal('2 of 2 rows loaded');
    await page.preview('public.cities');
    expect(await page.answer()).to.contain('東京');
  });

  it('option 2: the EC2 role, with no keys', async () => {
    await page.fill({ authType: 'assumeRole', useEc2Role: true });
    expect(await page.shows('identitySource', ...KEY_FIELDS)).to.deep.equal({
      identitySource: false,
      accessKeyId: false,
      secretAccessKey: false,
      sessionToken: false,
    });
    await page.fill(valuesOf('ec2-agent'));
    await page.test();
    expect(await page.answer()).to.contain('AgentMachine');
    const steps = await page.verdicts();
    expect(steps).to.include('pass').and.not.include('fail');
  });

  it('Auto create DBUser: a user that does not exist yet logs in', async () => {
    const values = { ...valuesOf('ec2-agent'), username: 'mapping_42' };
    await page.fill(values);
    await page.test();
    await page.answer();
    expect(await page.verdicts()).to.include('fail');
    await page.fill({ autoCreateDbUser: true });
    await page.test();
    expect(await page.answer()).to.contain('mapping_42');
    expect(await page.verdicts()).to.not.include('fail');
  });

  it('is held to the policy of its host, before any call to AWS', async () => {
    const calls = (await world.calls()).length;
    await page.fill({ ...valuesOf('ec2-agent'), useEc2Role: false, identitySource: 'environment' });
    await page.test();
    expect(await page.answer()).to.contain('The host does not allow the identity environment');
    expect(await page.errorBeside('identitySource')).to.contain('does not allow');
    expect(await world.calls()).to.have.length(calls);
  });

  it('prints no secret of a form', () => {
    expect(host.output()).to.contain(host.url);
    expect(host.output()).to.not.contain(valuesOf('keys-etl-agent')['secretAccessKey'] as string);
  });
});
