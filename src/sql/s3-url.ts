import { ConnectorError } from '../core/errors.ts';
import { literal, type Sql } from './sql.ts';

const S3_URL = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]\/[^\\\p{Cc}]+$/u;

/** An `s3://bucket/key` address as a literal. Throws RS_CONFIG_INVALID for anything else. */
export function s3Url(url: string): Sql {
  if (!S3_URL.test(url)) {
    throw new ConnectorError('RS_CONFIG_INVALID', 'Not an address of an S3 object: it must be s3://bucket/key', {
      action: 'Check the staging bucket and prefix.',
    });
  }
  return literal(url);
}
