/** Where a run stages its files and how they are protected; a decision, made from options alone. */
export interface StagingPlan {
  readonly bucket: string;
  /** Ends with `/`. The run's own random folder goes below it. */
  readonly prefix: string;
  readonly region: string;
  /** Address override; path style is used with it. */
  readonly endpoint?: string;
  /** Twelve digits; sent as ExpectedBucketOwner with every request. */
  readonly expectedOwner?: string;
  /** ARN or id; every object is then encrypted with SSE-KMS under it. */
  readonly kmsKeyId?: string;
  readonly timeoutMs: number;
}
