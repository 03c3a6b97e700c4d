"""Drives a sandbox with boto3, which shares no code with it. Usage: boto3_judge.py ENDPOINT INFO_JSON"""

import io
import json
import os
import sys
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, info = sys.argv[1], json.loads(sys.argv[2])
user = {"aws_access_key_id": info["accessKeyId"], "aws_secret_access_key": info["secretAccessKey"]}
bucket = info["bucket"]


def client(service, keys, **config):
    settings = Config(retries={"max_attempts": 0}, s3={"addressing_style": "path"}, **config)
    return boto3.client(service, region_name="us-east-1", endpoint_url=endpoint, config=settings, **keys)


def refused(call, code, status):
    try:
        call()
    except ClientError as error:
        seen = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        assert seen == (code, status), seen
        return str(error)
    raise AssertionError(f"{code} was expected, but the call succeeded")


sts = client("sts", user)
assert sts.get_caller_identity()["Arn"].endswith(":user/etl-agent")
issued = sts.assume_role(RoleArn=info["roleArn"], RoleSessionName="judge")["Credentials"]
role = {
    "aws_access_key_id": issued["AccessKeyId"],
    "aws_secret_access_key": issued["SecretAccessKey"],
    "aws_session_token": issued["SessionToken"],
}
refused(lambda: sts.assume_role(RoleArn=info["closedRoleArn"], RoleSessionName="judge"), "AccessDenied", 403)
wrong = dict(user, aws_secret_access_key="wrong")
refused(lambda: client("sts", wrong).get_caller_identity(), "SignatureDoesNotMatch", 403)

redshift = client("redshift", role)
login = redshift.get_cluster_credentials(DbUser="etl", ClusterIdentifier="warehouse", AutoCreate=True, DbGroups=["loaders"])
assert login["DbUser"] == "IAMA:etl:loaders", login["DbUser"]
assert redshift.describe_clusters(ClusterIdentifier="warehouse")["Clusters"][0]["Endpoint"]["Address"] == "127.0.0.1"
refused(lambda: redshift.describe_clusters(ClusterIdentifier="none"), "ClusterNotFound", 404)

s3 = client("s3", role)
key = "roleshift/py ü&<.txt"
s3.put_object(Bucket=bucket, Key=key, Body=b"hello")
assert s3.get_object(Bucket=bucket, Key=key, Range="bytes=1-3")["Body"].read() == b"ell"
data = os.urandom(20 * 1024 * 1024)
s3.upload_fileobj(io.BytesIO(data), bucket, "roleshift/big")
received = io.BytesIO()
s3.download_fileobj(bucket, "roleshift/big", received)
assert received.getvalue() == data
for number in range(5):
    s3.put_object(Bucket=bucket, Key=f"roleshift/l/{number}/x", Body=b"")
pages = s3.get_paginator("list_objects_v2").paginate(
    Bucket=bucket, Prefix="roleshift/l/", Delimiter="/", PaginationConfig={"PageSize": 2}
)
prefixes = [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]
assert prefixes == [f"roleshift/l/{number}/" for number in range(5)], prefixes
s3.copy_object(Bucket=bucket, Key="roleshift/copy", CopySource={"Bucket": bucket, "Key": key})
signer = client("s3", role, signature_version="s3v4")
url = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=60)
assert urllib.request.urlopen(url).read() == b"hello"
url = signer.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "roleshift/pre"}, ExpiresIn=60)
assert urllib.request.urlopen(urllib.request.Request(url, data=b"pre", method="PUT")).status == 200
keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
assert len(keys) == 9, keys
s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": entry} for entry in keys]})
assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
refused(lambda: s3.get_object(Bucket=bucket, Key="roleshift/none"), "NoSuchKey", 404)
refused(lambda: s3.get_object(Bucket=bucket, Key="elsewhere"), "AccessDenied", 403)
refused(lambda: s3.put_object(Bucket="no-such-bucket", Key="x", Body=b""), "NoSuchBucket", 404)

for variables, end in info["environments"]:
    os.environ.update(variables)
    identity = boto3.Session().client("sts", region_name="us-east-1", endpoint_url=endpoint).get_caller_identity()
    assert f":assumed-role/{end}/" in identity["Arn"], identity["Arn"]
    for name in variables:
        del os.environ[name]

print("judged")
