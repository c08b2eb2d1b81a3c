"""Dump every store of the embedded stack into files, and restore it from them.

``dump`` copies the stores in the order in which events and rows move: an event that moves on during the backup is
copied from its next store, and a row is copied before the object it refers to. So the backup of a running stack
contains everything that existed when it began.
"""

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from cli.stack.errors import StackError
from cli.stack.layout import Layout
from cli.stack.postgres import wheel_tree

DATABASES = ("dagster", "cs2", "mlflow")
"""Dagster's cursors before the rows they lead to, rows before the MLflow runs they name."""
FALLBACK_FILE = "spool.jsonl"
CHUNK = 1000


def dump(layout: Layout, database: str, folder: Path) -> Iterator[str]:
    """Write everything that cannot be rebuilt into ``folder``.

    Args:
        layout: A running stack.
        database: MongoDB database of the forecasts.
        folder: An empty folder.

    Yields:
        A line for each store that was written.

    Raises:
        StackError: If PostgreSQL's tools fail.
    """
    if (layout.data / FALLBACK_FILE).exists():
        shutil.copy(layout.data / FALLBACK_FILE, folder / FALLBACK_FILE)
    yield _dump_redis(layout, folder / "redis.jsonl")
    yield from _dump_mongo(layout, database, folder / "mongo")
    for name in DATABASES:
        _tool("pg_dump", "--format=custom", f"--file={folder / (name + '.dump')}", _plain(layout.database(name)))
        yield f"PostgreSQL: {name}"
    shutil.copytree(layout.data / "mlflow", folder / "mlflow")
    yield "MLflow: models and plots"


def restore(layout: Layout, database: str, folder: Path) -> Iterator[str]:
    """Restore the files of :func:`dump` into a stack of which only the servers run.

    Yields:
        A line for each store that was restored.

    Raises:
        StackError: If PostgreSQL's tools fail.
    """
    for name in reversed(DATABASES):
        options = ("--create", "--clean", "--if-exists", "--exit-on-error")
        _tool("pg_restore", *options, f"--dbname={_plain(layout.database('postgres'))}", str(folder / f"{name}.dump"))
        yield f"PostgreSQL: {name}"
    shutil.copytree(folder / "mlflow", layout.data / "mlflow", dirs_exist_ok=True)
    yield "MLflow: models and plots"
    yield from _restore_mongo(layout, database, folder / "mongo")
    yield _restore_redis(layout, folder / "redis.jsonl")
    if (folder / FALLBACK_FILE).exists():
        shutil.copy(folder / FALLBACK_FILE, layout.data / FALLBACK_FILE)


def _tool(name: str, *words: str) -> None:
    done = subprocess.run([str(wheel_tree() / "bin" / name), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"{name} failed: {done.stderr.strip()}")


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def _dump_redis(layout: Layout, file: Path) -> str:
    """Dump all keys that do not expire, in one transaction: each dead letter is in exactly one of the two streams."""
    import redis

    with redis.Redis.from_url(layout.redis) as client, file.open("w") as out:
        keys = [key for key in client.scan_iter() if client.ttl(key) == -1]
        pipeline = client.pipeline(transaction=True)
        for key in keys:
            pipeline.dump(key)
        values = pipeline.execute()
        for key, value in zip(keys, values, strict=True):
            if value is not None:
                out.write(json.dumps([base64.b64encode(part).decode() for part in (key, value)]) + "\n")
    return f"Valkey: {len(keys)} keys"


def _restore_redis(layout: Layout, file: Path) -> str:
    import redis

    with redis.Redis.from_url(layout.redis) as client:
        lines = file.read_text().splitlines()
        for line in lines:
            key, value = (base64.b64decode(part) for part in json.loads(line))
            client.restore(key, 0, value, replace=True)
    return f"Valkey: {len(lines)} keys"


def _mongo(layout: Layout, database: str) -> Any:
    import pymongo

    return pymongo.MongoClient(layout.mongo, serverSelectionTimeoutMS=5000)[database]


def _dump_mongo(layout: Layout, database: str, folder: Path) -> Iterator[str]:
    """Write each collection into a file of concatenated documents, as mongodump does."""
    folder.mkdir()
    mongo = _mongo(layout, database)
    for name in sorted(mongo.list_collection_names()):
        with (folder / f"{name}.bson").open("wb") as out:
            for batch in mongo[name].find_raw_batches({}):
                out.write(batch)
        yield f"MongoDB: {name}, {_count(folder / f'{name}.bson')} documents"
    mongo.client.close()


def _count(file: Path) -> int:
    return sum(1 for _ in _documents(file))


def _documents(file: Path) -> Iterator[Any]:
    import bson
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument

    with file.open("rb") as content:
        yield from bson.decode_file_iter(content, CodecOptions(document_class=RawBSONDocument))


def _restore_mongo(layout: Layout, database: str, folder: Path) -> Iterator[str]:
    mongo = _mongo(layout, database)
    for file in sorted(folder.glob("*.bson")):
        documents, written = _documents(file), 0
        while chunk := list(islice(documents, CHUNK)):
            mongo[file.stem].insert_many(chunk, ordered=False)
            written += len(chunk)
        yield f"MongoDB: {file.stem}, {written} documents"
    mongo.client.close()
