import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readClaim } from '../../src/sandbox/aws/authenticate.ts';
import {
  canonicalRequest,
  EMPTY_SHA256,
  encodeRfc3986,
  parseTimestamp,
  sha256,
  signatureOf,
  signingKey,
  stringToSign,
  type WireRequest,
} from '../../src/sandbox/aws/sigv4.ts';

interface Vector {
  readonly name: string;
  readonly normalize: boolean;
  readonly method: string;
  readonly target: string;
  readonly body: string;
  readonly signBody: boolean;
  readonly headers: readonly (readonly [string, string])[];
  readonly presigned?: { readonly query: string; readonly headers: readonly (readonly [string, string])[] };
}

const VECTORS = JSON.parse(readFileSync(new URL('sigv4-vectors.json', import.meta.url), 'utf8')) as {
  readonly secretAccessKey: string;
  readonly cases: readonly Vector[];
};

function signatureBy(request: WireRequest, body: Vector, withoutQuery?: string): { given: string; computed: string } {
  const claim = readClaim(request)!;
  const canonical = canonicalRequest(request, claim.signedHeaders, body.signBody ? sha256(body.body) : EMPTY_SHA256, {
    normalize: body.normalize,
    doubleEncode: false,
    ...(withoutQuery !== undefined && { withoutQuery }),
  });
  const key = signingKey(VECTORS.secretAccessKey, claim.scope);
  return { given: claim.signature, computed: signatureOf(key, stringToSign(claim.timestamp, claim.scope, canonical)) };
}

describe('SigV4 of the sandbox against the published test suite', () => {
  for (const vector of VECTORS.cases) {
    const [path = '', query = ''] = vector.target.split('?');
    it(`verifies ${vector.name} in headers and in a presigned URL`, () => {
      const { method, headers, presigned } = vector;
      const byHeader = signatureBy({ method, path, query, headers }, vector);
      expect(byHeader.computed).to.equal(byHeader.given);
      if (!presigned || presigned.query.includes('X-Amz-Security-Token')) return;
      const inUrl = signatureBy(
        { method, path, query: presigned.query, headers: presigned.headers },
        vector,
        'X-Amz-Signature',
      );
      expect(inUrl.computed).to.equal(inUrl.given);
    });
  }

  it('encodes a path twice for every service but S3', () => {
    const request: WireRequest = { method: 'GET', path: '/a%2Fb/c%20d', query: '', headers: [] };
    const lineOf = (doubleEncode: boolean): string | undefined =>
      canonicalRequest(request, [], EMPTY_SHA256, { normalize: false, doubleEncode }).split('\n')[1];
    expect(lineOf(true)).to.equal('/a%252Fb/c%2520d');
    expect(lineOf(false)).to.equal('/a%2Fb/c%20d');
  });

  it('keeps empty and dotted segments of an S3 key', () => {
    const request: WireRequest = { method: 'GET', path: '/b//../x/', query: '', headers: [] };
    const line = canonicalRequest(request, [], EMPTY_SHA256, { normalize: false, doubleEncode: false }).split('\n')[1];
    expect(line).to.equal('/b//../x/');
  });

  it('encodes what encodeURIComponent leaves alone, and survives a broken escape', () => {
    expect(encodeRfc3986("!'()*~-._")).to.equal('%21%27%28%29%2A~-._');
    const line = canonicalRequest({ method: 'GET', path: '/', query: 'a=%zz&b', headers: [] }, [], EMPTY_SHA256, {
      normalize: true,
      doubleEncode: true,
    }).split('\n')[2];
    expect(line).to.equal('a=%25zz&b=');
  });

  it('reads only timestamps of its own form', () => {
    expect(parseTimestamp('20150830T123600Z')).to.equal(Date.UTC(2015, 7, 30, 12, 36, 0));
    for (const text of ['', '2015-08-30T12:36:00Z', '20150830T123600']) expect(parseTimestamp(text)).to.be.NaN;
  });
});
