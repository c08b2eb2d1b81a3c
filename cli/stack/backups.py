"""Each store of the embedded stack as files in a folder, and back.

The order of ``dump`` is that of the way: an event that moves on meanwhile is met at its next place, and what points to
something is taken before it. So a copy of a running stack misses nothing that was there when it began.
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
"""Cursors before what they lead to, rows before the runs that they name."""
SPOOL = "spool.jsonl"
CHUNK = 1000


def dump(layout: Layout, database: str, folder: Path) -> Iterator[str]:
    """Write everything that cannot be made again into ``folder``.

    Args:
        layout: A stack that runs.
        database: MongoDB database of the forecasts.
        folder: An empty folder.

    Yields:
        What was written, in words.

    Raises:
        StackError: If PostgreSQL's tools fail.
    """
    if (layout.data / SPOOL).exists():
        shutil.copy(layout.data / SPOOL, folder / SPOOL)
    yield _dump_redis(layout, folder / "redis.jsonl")
    yield from _dump_mongo(layout, database, folder / "mongo")
    for name in DATABASES:
        _tool("pg_dump", "--format=custom", f"--file={folder / (name + '.dump')}", _plain(layout.database(name)))
        yield f"PostgreSQL: {name}"
    shutil.copytree(layout.data / "mlflow", folder / "mlflow")
    yield "MLflow: models and plots"


def restore(layout: Layout, database: str, folder: Path) -> Iterator[str]:
    """Bring back what :func:`dump` wrote, into a stack of which only the servers run.

    Yields:
        What was restored, in words.

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
    if (folder / SPOOL).exists():
        shutil.copy(folder / SPOOL, layout.data / SPOOL)


def _tool(name: str, *words: str) -> None:
    done = subprocess.run([str(wheel_tree() / "bin" / name), *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise StackError(f"{name} failed: {done.stderr.strip()}")


def _plain(url: str) -> str:
    return url.replace("+psycopg", "", 1)


def _dump_redis(layout: Layout, file: Path) -> str:
    """All keys that do not expire, at one moment: a letter is in one of the two streams."""
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
    """One file of documents after documents a collection, as mongodump writes them."""
    folder.mkdir()
    found = _mongo(layout, database)
    for name in sorted(found.list_collection_names()):
        with (folder / f"{name}.bson").open("wb") as out:
            for batch in found[name].find_raw_batches({}):
                out.write(batch)
        yield f"MongoDB: {name}, {_count(folder / f'{name}.bson')} documents"
    found.client.close()


def _count(file: Path) -> int:
    return sum(1 for _ in _documents(file))


def _documents(file: Path) -> Iterator[Any]:
    import bson
    from bson.codec_options import CodecOptions
    from bson.raw_bson import RawBSONDocument

    with file.open("rb") as content:
        yield from bson.decode_file_iter(content, CodecOptions(document_class=RawBSONDocument))


def _restore_mongo(layout: Layout, database: str, folder: Path) -> Iterator[str]:
    found = _mongo(layout, database)
    for file in sorted(folder.glob("*.bson")):
        documents, written = _documents(file), 0
        while chunk := list(islice(documents, CHUNK)):
            found[file.stem].insert_many(chunk, ordered=False)
            written += len(chunk)
        yield f"MongoDB: {file.stem}, {written} documents"
    found.client.close()
