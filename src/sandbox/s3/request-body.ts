import type { Signed } from '../aws/authenticate.ts';
import { headerOf } from '../aws/authenticate.ts';
import { ChunkFailure, decodeChunked } from '../aws/chunked.ts';
import type { WireRequest } from '../aws/sigv4.ts';
import { type BodyCheck, type BodyDigests, type DigestName, S3Refusal } from './store.ts';

/** The body of a request as data, and what must be true of it before anything is kept. */
export interface RequestBody {
  readonly source: AsyncIterable<Uint8Array>;
  readonly check: BodyCheck;
  /** `x-amz-checksum-*` of headers and trailers, complete once the source has ended. */
  readonly checksums: ReadonlyMap<string, string>;
}

const STREAMING = /^STREAMING-(AWS4-HMAC-SHA256|UNSIGNED)-PAYLOAD(-TRAILER)?$/;

/** Checksums that are verified; others (crc32c, crc64nvme) are kept as sent. */
const VERIFIED: Readonly<Record<string, DigestName>> = {
  'x-amz-checksum-crc32': 'crc32',
  'x-amz-checksum-sha1': 'sha1',
  'x-amz-checksum-sha256': 'sha256',
};

const isChecksum = (name: string): boolean =>
  name.startsWith('x-amz-checksum-') &&
  name !== 'x-amz-checksum-algorithm' &&
  name !== 'x-amz-checksum-type' &&
  name !== 'x-amz-checksum-mode';

async function* asRefusals(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    if (!(error instanceof ChunkFailure)) throw error;
    if (error.problem === 'signature') {
      throw new S3Refusal(
        'SignatureDoesNotMatch',
        403,
        'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
      );
    }
    throw new S3Refusal('IncompleteBody', 400, 'The request body terminated unexpectedly');
  }
}

function decode(
  request: WireRequest,
  incoming: AsyncIterable<Uint8Array>,
  signed: Signed | undefined,
  checksums: Map<string, string>,
): AsyncIterable<Uint8Array> {
  const payloadHash = signed?.payloadHash ?? headerOf(request, 'x-amz-content-sha256') ?? '';
  const [, signing, trailers] = STREAMING.exec(payloadHash) ?? [];
  if (signing === undefined) return incoming;
  const seed = signing === 'UNSIGNED' ? undefined : signed;
  return asRefusals(
    decodeChunked(incoming, {
      ...(seed && { seed }),
      trailers: trailers !== undefined,
      onTrailer: (name, value) => {
        if (isChecksum(name)) checksums.set(name, value);
      },
    }),
  );
}

function verifyBody(
  request: WireRequest,
  signed: Signed | undefined,
  checksums: ReadonlyMap<string, string>,
  { size, hex }: BodyDigests,
): void {
  const decodedLength = headerOf(request, 'x-amz-decoded-content-length');
  if (decodedLength !== undefined && Number(decodedLength) !== size) {
    throw new S3Refusal(
      'IncompleteBody',
      400,
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
    );
  }
  const payloadHash = signed?.payloadHash ?? '';
  if (/^[0-9a-f]{64}$/.test(payloadHash) && payloadHash !== hex.sha256) {
    throw new S3Refusal(
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const base64 = (digest: string | undefined): string => Buffer.from(digest ?? '', 'hex').toString('base64');
  const md5 = headerOf(request, 'content-md5');
  if (md5 !== undefined && md5 !== base64(hex.md5)) {
    throw new S3Refusal('BadDigest', 400, 'The Content-MD5 you specified did not match what we received.');
  }
  for (const [header, value] of checksums) {
    const digest = VERIFIED[header];
    if (digest === undefined || value === base64(hex[digest])) continue;
    const name = header.slice('x-amz-checksum-'.length).toUpperCase();
    throw new S3Refusal('BadDigest', 400, `The ${name} you specified did not match the calculated checksum.`);
  }
}

/** Decodes aws-chunked bodies and gathers every promise the request makes about its content. */
export function openRequestBody(
  request: WireRequest,
  incoming: AsyncIterable<Uint8Array>,
  signed: Signed | undefined,
): RequestBody {
  const checksums = new Map(request.headers.filter(([name]) => isChecksum(name)));
  const announced = [...checksums.keys(), ...(headerOf(request, 'x-amz-trailer') ?? '').toLowerCase().split(',')];
  const digests = announced.map((name) => VERIFIED[name.trim()]).filter((name) => name !== undefined);
  if (/^[0-9a-f]{64}$/.test(signed?.payloadHash ?? '')) digests.push('sha256');
  return {
    source: decode(request, incoming, signed, checksums),
    check: { digests, verify: (found) => verifyBody(request, signed, checksums, found) },
    checksums,
  };
}
