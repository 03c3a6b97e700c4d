import type { Readable } from 'node:stream';
import type { Principal } from '../identity.ts';

/** An answer S3 gives instead of success. Thrown by every method of `BucketStore`. */
export class S3Refusal extends Error {
  override readonly name = 'S3Refusal';
  constructor(
    /** `AccessDenied`, `NoSuchKey`, `NoSuchBucket`, `PermanentRedirect`, `PreconditionFailed`... */
    readonly code: string,
    readonly status: number,
    message: string,
    /** Further elements of the error body and headers of the answer: bucket, key, region. */
    readonly details: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** With its quotes, as S3 sends it. */
  readonly etag: string;
  readonly lastModified: Date;
  /** Headers kept with the object: content-type, encryption, `x-amz-meta-*`, checksums. Lowercase names. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface ObjectBody extends ObjectInfo {
  /** First and last byte sent, both inclusive; absent when the whole object is sent. */
  readonly range?: { readonly start: number; readonly end: number };
  /** Streams from disk: read it or destroy it. */
  readonly body: Readable;
}

export interface ListPage {
  readonly objects: readonly ObjectInfo[];
  readonly commonPrefixes: readonly string[];
  readonly isTruncated: boolean;
  /** Opaque; hand it back as `after` for the next page. */
  readonly next?: string;
}

export interface GetOptions {
  readonly range?: { readonly start?: number; readonly end?: number; readonly suffix?: number };
  readonly ifMatch?: string;
  readonly ifNoneMatch?: string;
}

export interface PutOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Only if nothing is there yet (`If-None-Match: *`). */
  readonly onlyIfAbsent?: boolean;
  /** Looks at the digests before the object appears; what it throws keeps it away. */
  readonly check?: BodyCheck;
}

export type DigestName = 'md5' | 'sha1' | 'sha256' | 'crc32';

export interface BodyDigests {
  readonly size: number;
  /** Hexadecimal; only what was asked for, and always `md5`. */
  readonly hex: Readonly<Partial<Record<DigestName, string>>>;
}

export interface BodyCheck {
  readonly digests: readonly DigestName[];
  readonly verify: (digests: BodyDigests) => void;
}

export interface ListOptions {
  readonly prefix?: string;
  readonly delimiter?: string;
  readonly maxKeys?: number;
  /** Keys after this one only. */
  readonly startAfter?: string;
  /** `next` of the page before. */
  readonly after?: string;
}

/** Where the caller stands: region of the endpoint it talks to, owner it expects, TLS or not. */
export interface StoreCaller {
  readonly principal: Principal;
  /** Given: a bucket elsewhere is refused with `PermanentRedirect`. */
  readonly region?: string;
  readonly expectedOwner?: string;
  /** Further condition keys. */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/**
 * The objects of a world, in files under its data folder. Every call is authorised as S3 does: identity policy, session
 * policy and bucket policy of the caller. For code in this process (COPY, UNLOAD); the S3 endpoint uses the same.
 */
export interface BucketStore {
  /** `s3:ListBucket`; answers region and owner. */
  headBucket(caller: StoreCaller, bucket: string): Promise<{ readonly region: string; readonly owner: string }>;
  head(caller: StoreCaller, bucket: string, key: string, options?: GetOptions): Promise<ObjectInfo>;
  get(caller: StoreCaller, bucket: string, key: string, options?: GetOptions): Promise<ObjectBody>;
  put(
    caller: StoreCaller,
    bucket: string,
    key: string,
    body: AsyncIterable<Uint8Array>,
    options?: PutOptions,
  ): Promise<ObjectInfo>;
  /** In UTF-8 order of keys, as S3 lists. */
  list(caller: StoreCaller, bucket: string, options?: ListOptions): Promise<ListPage>;
  /** Succeeds when nothing is there, as S3 does. */
  delete(caller: StoreCaller, bucket: string, key: string): Promise<void>;
}
