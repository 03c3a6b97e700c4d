import { request } from 'node:http';
import { expect } from 'chai';
import { startControlServer } from '../../src/sandbox/control.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { AWS_WORLD } from './aws-world.ts';

/** Status of a request that names this host, as a page does whose name leads to this machine. */
async function statusFor(url: string, host: string, method = 'GET'): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const headers = { host, 'x-aws-ec2-metadata-token-ttl-seconds': '60' };
    const sent = request({ hostname, port, method, path: '/latest/api/token', headers }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
}

describe('a web page whose name leads to this machine', () => {
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await startSandbox({
      world: {
        ...AWS_WORLD,
        instances: [
          { name: 'agent', kind: 'ec2' },
          { name: 'task', kind: 'container' },
        ],
      },
    });
  });
  after(async () => {
    await sandbox?.[Symbol.asyncDispose]();
  });

  const endpoints = (): readonly string[] => [
    sandbox.awsEndpoint,
    sandbox.metadataEndpoints['agent']!.imds!,
    sandbox.metadataEndpoints['task']!.container!.url,
  ];

  it('gets nothing from the AWS and metadata endpoints', async () => {
    for (const url of endpoints()) {
      for (const host of ['evil.example', 'evil.example:80', 'localhost.evil.example', '127.0.0.1.evil.example']) {
        expect(await statusFor(url, host, 'PUT'), `${url} as ${host}`).to.equal(421);
      }
    }
  });

  it('gets nothing from the control endpoint', async () => {
    await using control = await startControlServer();
    expect(await statusFor(control.url, 'evil.example', 'POST')).to.equal(421);
    expect(await statusFor(control.url, '127.0.0.1', 'POST')).to.not.equal(421);
  });

  it('does not keep the machine itself out, by any name of its own', async () => {
    for (const url of endpoints()) {
      for (const host of [new URL(url).host, 'localhost:1', 'bucket.localhost', '[::1]:1']) {
        expect(await statusFor(url, host, 'PUT'), `${url} as ${host}`).to.not.equal(421);
      }
    }
  });
});
