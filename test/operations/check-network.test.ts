import { once } from 'node:events';
import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { expect } from 'chai';
import { openRun } from '../../src/core/run.ts';
import { clockFinding } from '../../src/operations/check/clock.ts';
import { type Goal, type NetworkFault, networkError } from '../../src/operations/check/network-fault.ts';
import { probe } from '../../src/operations/check/probe.ts';
import { serverCertificate } from '../../src/sandbox/pg/wire/certificates.ts';
import { failureOf, rejectionOf } from '../failure.ts';

const LIMIT_MS = 400;

async function listening(server: Server): Promise<{ readonly port: number } & AsyncDisposable> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      server.close();
      if ('closeAllConnections' in server) (server as unknown as { closeAllConnections(): void }).closeAllConnections();
    },
  };
}

describe('reach of an endpoint', () => {
  const reach = (url: string) => probe(new URL(url), { connectTimeoutMs: LIMIT_MS }, openRun());

  it('is any answer at all, and tells how far this clock is from the other one', async () => {
    let [skewMs, status] = [0, 200];
    const answer: RequestListener = (_, response) => {
      response.sendDate = false;
      response.writeHead(status, { date: new Date(Date.now() - skewMs).toUTCString() }).end();
    };
    await using server = await listening(createHttp(answer));
    for ([skewMs, status] of [
      [0, 200],
      [-90_000, 403],
      [400_000, 302],
    ] as const) {
      const { aheadMs = Number.NaN, host, isProxied } = await reach(`http://127.0.0.1:${server.port}/`);
      expect(aheadMs).to.be.closeTo(skewMs, 1_000);
      expect({ host, isProxied }).to.deep.equal({ host: `127.0.0.1:${server.port}`, isProxied: false });
    }
  });

  it('says of a certificate that is not trusted who may be in between', async () => {
    const { keyPem, certificatePem } = serverCertificate();
    await using server = await listening(
      createHttps({ key: keyPem, cert: certificatePem }, (_, response) => response.end()),
    );
    const error = await rejectionOf(reach(`https://localhost:${server.port}/`));
    expect(error.code).to.equal('RS_CONN_TLS');
    expect(error.action).to.match(/a proxy on the way ends TLS.*NODE_EXTRA_CA_CERTS/);
  });

  it('tells something that does not speak TLS', async () => {
    await using server = await listening(createHttp((_, response) => response.end()));
    const error = await rejectionOf(reach(`https://127.0.0.1:${server.port}/`));
    expect(error).to.include({ code: 'RS_CONN_TLS' });
    expect(error.message).to.match(/does not speak TLS/);
  });

  it('tells a name that DNS does not have, a port that is refused, silence, and a connection that is cut', async () => {
    await using silent = await listening(createTcp(() => undefined));
    await using cutting = await listening(createTcp((socket) => socket.destroy()));
    const faults = await Promise.all(
      [
        'http://nowhere.invalid/',
        'http://127.0.0.1:9/',
        `http://127.0.0.1:${silent.port}/`,
        `http://127.0.0.1:${cutting.port}/`,
      ].map(async (url) => (await rejectionOf(reach(url))).details['fault']),
    );
    // A resolver without a network may answer that it cannot answer.
    expect(faults[0]).to.be.oneOf(['noName', 'noNameServer']);
    expect(faults.slice(1)).to.deep.equal(['refused', 'noAnswer', 'cut']);
  });

  it("ends with the signal's reason", async () => {
    await using silent = await listening(createTcp(() => undefined));
    const controller = new AbortController();
    const work = probe(new URL(`http://127.0.0.1:${silent.port}/`), { connectTimeoutMs: 60_000 }, openRun(controller));
    controller.abort('enough');
    expect(await work.catch((error: unknown) => error)).to.equal('enough');
  });
});

describe('what a fault of the network means', () => {
  const CLUSTER: Goal = { host: 'warehouse.abc.us-west-2.redshift.amazonaws.com', port: 5439, kind: 'cluster' };
  const STS: Goal = { host: 'sts.us-west-2.amazonaws.com', port: 443, kind: 'aws' };
  const CASES: readonly (readonly [NetworkFault, Goal, string | undefined, RegExp, RegExp])[] = [
    ['noName', CLUSTER, undefined, /DNS has no host warehouse/, /inside of its VPC/],
    ['noName', STS, undefined, /DNS has no host sts/, /region and the endpoint override/],
    ['noNameServer', STS, undefined, /No DNS server answers/, /resolver/],
    ['refused', CLUSTER, '10.0.3.4', /\(10\.0\.3\.4\) refuses the connection/, /port \(5439.*not paused/],
    ['noAnswer', CLUSTER, '10.0.3.4', /does not answer within 10 s/, /security group, and a route to its VPC/],
    ['noAnswer', CLUSTER, '54.1.2.3', /\(54\.1\.2\.3\)/, /publicly accessible.*NAT gateway/],
    ['noAnswer', STS, '54.1.2.3', /does not answer/, /NAT gateway, a VPC endpoint for the service, or a proxy/],
    ['noAnswer', STS, '10.0.3.4', /does not answer/, /This is a VPC endpoint: .*TCP 443/],
    ['noRoute', CLUSTER, '10.0.3.4', /No route leads to/, /routing table/],
    ['cut', CLUSTER, undefined, /takes the connection and cuts it/, /port is that of the cluster/],
    ['cut', STS, undefined, /takes the connection and cuts it/, /firewall in between that ends TLS/],
  ];
  for (const [fault, goal, address, message, action] of CASES) {
    it(`is told: ${fault} on the way to ${goal.kind}${address === undefined ? '' : ` at ${address}`}`, () => {
      const error = networkError(fault, goal, { limitMs: 10_000, ...(address === undefined ? {} : { address }) });
      expect(error.code).to.equal('RS_CONN_UNREACHABLE');
      expect(error.message).to.match(message);
      expect(error.action).to.match(action);
    });
  }
});

describe("the difference of this machine's clock", () => {
  for (const [aheadMs, expected] of [
    [0, { evidence: 'as sts has it' }],
    [-1_400, { evidence: 'as sts has it' }],
    [-42_000, { evidence: '42 s behind sts' }],
  ] as const) {
    it(`is fine: ${aheadMs} ms`, () => {
      expect(clockFinding(aheadMs, 'sts')).to.deep.equal(expected);
    });
  }

  it('is a warning past a minute, and a failure past five', () => {
    const { evidence, warning } = clockFinding(90_000, 'sts');
    expect(evidence).to.equal('90 s ahead of sts');
    expect(warning).to.match(/NTP/);
    const error = failureOf(() => clockFinding(-301_000, 'sts'));
    expect(error).to.include({ code: 'RS_AUTH_KEYS_INVALID', message: "This machine's clock is 301 s behind sts" });
    expect(error.details).to.include({ field: 'clock', seconds: 301 });
  });
});
