import { type Authorize, refusalMessage } from '../iam/authorizer.ts';
import type { PolicyDocument } from '../iam/policy.ts';
import { partitionOf } from '../partition.ts';
import { stableUuid } from '../stable-uuid.ts';
import type { World, WorldKmsKey } from '../world.ts';
import type { BucketRecord } from './access.ts';
import { S3Refusal, type StoreCaller } from './store.ts';

type Headers = Readonly<Record<string, string>>;

/** How objects are encrypted, and who may have that done: KMS as S3 asks it on behalf of the caller. */
export interface ObjectEncryption {
  /**
   * The headers that stay with an object, its key by ARN. Asks for `kms:GenerateDataKey`; throws `S3Refusal`, with KMS's
   * sentence inside, and `KMS.NotFoundException` for a key that is not there.
   */
  seal(caller: StoreCaller, bucket: BucketRecord, objectKey: string, headers: Headers): Headers;
  /** Asks for `kms:Decrypt` where the object is under a key. Throws `S3Refusal`. */
  open(caller: StoreCaller, bucket: BucketRecord, objectKey: string, headers: Headers): void;
}

interface KeyRecord {
  readonly arn: string;
  readonly account: string;
  readonly region: string;
  readonly policy: PolicyDocument;
}

const ENCRYPTION = 'x-amz-server-side-encryption';
const KEY_ID = 'x-amz-server-side-encryption-aws-kms-key-id';

/** What a key has that was made without a policy: the account's own policies decide. */
const defaultPolicy = (partition: string, account: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    { Effect: 'Allow', Principal: { AWS: `arn:${partition}:iam::${account}:root` }, Action: 'kms:*', Resource: '*' },
  ],
});

/** `aws/s3`: for everybody in the account, through S3 only. */
const managedPolicy = (account: string, region: string): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: [
    {
      Effect: 'Allow',
      Principal: { AWS: '*' },
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      Resource: '*',
      Condition: {
        StringEquals: { 'kms:CallerAccount': account, 'kms:ViaService': `s3.${region}.amazonaws.com` },
      },
    },
  ],
});

/** The key that a name means to somebody: an id or `alias/NAME` of the account's own, or an ARN of either. */
class KeyRing {
  readonly #byName = new Map<string, KeyRecord>();
  readonly #partition: string;

  constructor(world: World) {
    this.#partition = partitionOf(world.region);
    for (const { id: account, kmsKeys = [] } of world.accounts) {
      for (const key of kmsKeys) this.#add(account, key.region ?? world.region, key);
    }
  }

  #add(account: string, region: string, { id, alias, policy }: WorldKmsKey): void {
    const prefix = this.#prefix(account, region);
    const record: KeyRecord = {
      arn: `${prefix}:key/${id}`,
      account,
      region,
      policy: policy ?? defaultPolicy(this.#partition, account),
    };
    this.#byName.set(record.arn, record);
    if (alias !== undefined) this.#byName.set(`${prefix}:alias/${alias}`, record);
  }

  #prefix(account: string, region: string): string {
    return `arn:${this.#partition}:kms:${region}:${account}`;
  }

  /** The account's key for S3, which AWS makes when it is first wanted. */
  managed(account: string, region: string): KeyRecord {
    const arn = `${this.#prefix(account, region)}:key/${stableUuid(`${account}/${region}/aws/s3`)}`;
    return { arn, account, region, policy: managedPolicy(account, region) };
  }

  find(name: string, account: string, region: string): KeyRecord | undefined {
    const prefix = this.#prefix(account, region);
    const managed = this.managed(account, region);
    if (name === managed.arn || name === 'alias/aws/s3' || name === `${prefix}:alias/aws/s3`) return managed;
    if (name.startsWith('arn:')) return this.#byName.get(name);
    return this.#byName.get(`${prefix}:${name.startsWith('alias/') ? name : `key/${name}`}`);
  }
}

const isKms = (headers: Headers): boolean => headers[ENCRYPTION]?.startsWith('aws:kms') ?? false;

export function createObjectEncryption(world: World, authorize: Authorize): ObjectEncryption {
  const ring = new KeyRing(world);
  const partition = partitionOf(world.region);

  const demand = (
    { principal }: StoreCaller,
    { name, region }: BucketRecord,
    objectKey: string,
    { arn, account, policy }: KeyRecord,
    action: string,
  ): void => {
    const request = { principal, action, resource: arn };
    const decision = authorize({
      ...request,
      resourceAccount: account,
      resourcePolicy: policy,
      resourcePolicyRequired: true,
      region,
      context: {
        'kms:CallerAccount': principal.account,
        'kms:ViaService': `s3.${region}.amazonaws.com`,
        'kms:EncryptionContextKeys': ['aws:s3:arn'],
        'kms:EncryptionContext:aws:s3:arn': `arn:${partition}:s3:::${name}/${objectKey}`,
      },
    });
    if (!decision.allowed) throw new S3Refusal('AccessDenied', 403, refusalMessage(request, decision));
  };

  const keyOf = ({ principal }: StoreCaller, { region, owner }: BucketRecord, headers: Headers): KeyRecord => {
    const account = principal.account === '' ? owner : principal.account;
    const name = headers[KEY_ID];
    if (name === undefined) return ring.managed(account, region);
    const found = ring.find(name, account, region);
    if (found?.region === region) return found;
    const message = found ? `Invalid arn ${found.region}` : `Key '${name}' does not exist`;
    throw new S3Refusal('KMS.NotFoundException', 400, message);
  };

  return {
    seal: (caller, bucket, objectKey, sent) => {
      const byDefault = bucket.bucket.kmsKey;
      const headers =
        sent[ENCRYPTION] === undefined && byDefault !== undefined
          ? { ...sent, [ENCRYPTION]: 'aws:kms', [KEY_ID]: byDefault }
          : sent;
      if (!isKms(headers)) return headers;
      const key = keyOf(caller, bucket, headers);
      demand(caller, bucket, objectKey, key, 'kms:GenerateDataKey');
      return { ...headers, [KEY_ID]: key.arn };
    },
    open: (caller, bucket, objectKey, headers) => {
      if (!isKms(headers)) return;
      const arn = headers[KEY_ID] ?? '';
      const account = arn.split(':')[4] ?? '';
      const key = ring.find(arn, account, bucket.region);
      if (!key) throw new S3Refusal('KMS.NotFoundException', 400, `Key '${arn}' does not exist`);
      demand(caller, bucket, objectKey, key, 'kms:Decrypt');
    },
  };
}
