/** One object under the run's staging prefix. */
export interface StagedFile {
  /** Name below the prefix: `part-00001.csv.gz`. */
  readonly name: string;
  /** `s3://bucket/prefix/name`. */
  readonly url: string;
  readonly bytes: number;
}
