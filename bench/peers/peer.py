"""One job of a peer in a process of its own, as bench/agent/agent.ts does it for roleshift.

Reads the order as one line, prepares, says "ready", waits for "go", does the job and tells time and CPU as one line.
"""

import json
import os
import resource
import sys
import time

order = json.loads(sys.stdin.readline())
place, task = order["place"], order["task"]
options = place["connection"]
answers, sys.stdout = sys.stdout, sys.stderr

for name in ("AWS_PROFILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
    os.environ.pop(name, None)
os.environ.update(
    AWS_ENDPOINT_URL=options["stsEndpoint"],
    AWS_DEFAULT_REGION=options["region"],
    AWS_EC2_METADATA_DISABLED="true",
    SSL_CERT_FILE=options["caFile"],
    WR_S3_ENDPOINT_URL=options["s3Endpoint"],
    WR_STS_ENDPOINT_URL=options["stsEndpoint"],
    RUNTIME__DLTHUB_TELEMETRY="false",
    RUNTIME__LOG_LEVEL="CRITICAL",
    DLT_DATA_DIR=order["folder"],
)

import boto3  # noqa: E402

keys = {"aws_access_key_id": options["accessKeyId"], "aws_secret_access_key": options["secretAccessKey"]}
role = boto3.client("sts", **keys).assume_role(RoleArn=options["roleArn"], RoleSessionName="peer")["Credentials"]
session = {
    "aws_access_key_id": role["AccessKeyId"],
    "aws_secret_access_key": role["SecretAccessKey"],
    "aws_session_token": role["SessionToken"],
}
boto3.setup_default_session(**session, region_name=options["region"])
login = boto3.client("redshift").get_cluster_credentials(
    ClusterIdentifier=options["clusterIdentifier"], DbName=options["database"], DbUser=options["username"]
)
path = f"s3://{place['bucket']}/{order['prefix']}"
schema, table = order["table"].split(".")


def wrangler():
    """awswrangler: a frame by COPY and UNLOAD."""
    import awswrangler as wr
    import pandas as pd
    import redshift_connector

    connection = redshift_connector.connect(
        host="localhost",
        port=options["port"],
        database=options["database"],
        user=login["DbUser"],
        password=login["DbPassword"],
        ssl=True,
        sslmode="verify-ca",
    )

    def copy(mode, **more):
        frame = pd.read_parquet(order["file"], dtype_backend="pyarrow")
        wr.redshift.copy(
            frame, path=path, con=connection, table=table, schema=schema, mode=mode, iam_role=place["copyRole"], **more
        )
        return len(frame)

    def files():
        wr.s3.upload(local_file=order["file"], path=f"{path}input.parquet")
        wr.redshift.copy_from_files(
            path=path, con=connection, table=table, schema=schema, mode="append", iam_role=place["copyRole"]
        )
        wr.s3.delete_objects(path)
        return order["rows"]

    def unload():
        frame = wr.redshift.unload(
            sql=f"SELECT * FROM {order['table']}",
            path=path,
            con=connection,
            iam_role=place["copyRole"],
            dtype_backend="pyarrow",
        )
        frame.to_parquet(os.path.join(order["folder"], "out.parquet"))
        return len(frame)

    return {
        "load": lambda: copy("append"),
        "loadFile": files,
        "upsert": lambda: copy("upsert", primary_keys=["id"]),
        "unload": unload,
    }[task]


def dlt_pipeline():
    """dlt: Arrow tables through a staging bucket."""
    import dlt
    import pyarrow.parquet as pq
    from dlt.destinations import filesystem, redshift

    destination = redshift(
        credentials={
            "database": options["database"],
            "username": login["DbUser"],
            "password": login["DbPassword"],
            "host": "localhost",
            "port": options["port"],
            "query": {"sslmode": "verify-full", "sslrootcert": options["caFile"], "hostaddr": "127.0.0.1"},
        },
        staging_iam_role=place["copyRole"],
    )
    staging = filesystem(
        bucket_url=path.rstrip("/"),
        credentials={**session, "endpoint_url": options["s3Endpoint"], "region_name": options["region"]},
    )
    pipeline = dlt.pipeline(
        "bench", destination=destination, staging=staging, dataset_name=schema, progress=None, dev_mode=False
    )

    def tables(file):
        for batch in pq.ParquetFile(file).iter_batches(batch_size=100_000):
            yield batch

    def run(file, **more):
        pipeline.run(tables(file), table_name=table, loader_file_format="parquet", **more).raise_on_failed_jobs()
        return order["rows"]

    def unload():
        writer = None
        rows = 0
        columns = pipeline.default_schema.get_table_columns(table)
        with pipeline.sql_client() as client:
            name = client.make_qualified_table_name(table)
            with client.execute_query(f"SELECT * FROM {name}") as cursor:
                cursor.columns_schema = columns
                for chunk in cursor.iter_arrow(chunk_size=50_000):
                    writer = writer or pq.ParquetWriter(os.path.join(order["folder"], "out.parquet"), chunk.schema)
                    writer.write_table(chunk)
                    rows += len(chunk)
        writer.close()
        return rows

    if "base" in order:
        run(order["base"], write_disposition="append", primary_key="id")
    return {
        "load": lambda: run(order["file"], write_disposition="append"),
        "upsert": lambda: run(order["file"], write_disposition="merge", primary_key="id"),
        "unload": unload,
    }[task]


def cpu_ms():
    """User and system time of this process and of those it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used) * 1000


work = {"awswrangler": wrangler, "dlt": dlt_pipeline}[order["peer"]]()
answers.write('"ready"\n')
answers.flush()
sys.stdin.readline()
cpu, started = cpu_ms(), time.perf_counter()
done = work()
figure = {
    "ms": (time.perf_counter() - started) * 1000,
    "cpuMs": cpu_ms() - cpu,
    "rows": done,
    "peakMib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}
answers.write(json.dumps(figure) + "\n")
answers.flush()
