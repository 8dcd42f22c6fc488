"""Keep immutable objects in an S3-compatible bucket: AWS, MinIO, SeaweedFS, Ceph, R2.

Credentials come from boto3's usual chain. Each object carries its sha256 as metadata, and is checked against it when it
is read. What was lost on the way is tried again: a reply that never came back shows as one's own bytes under the key.
"""

import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from standings.address import Address, Bucket
from tasks.cache import CACHE_LIMIT, CachedStore, behind
from tasks.store import Body, Conflict, Entry, FolderStore, Missing, Store, check_key, sha256

SHA256 = "sha256"  # name of the metadata
PROBE = "probe/conditional-writes"
# Codes of an answer; a HEAD and some servers give the number alone.
NOT_HELD = {"PreconditionFailed", "412"}
AT_ONCE = {"ConditionalRequestConflict", "OperationAborted", "409"}  # two at once: S3 asks to try again
ABSENT = {"NoSuchKey", "404"}
# botocore gives up on these when its quota of retries is spent, which a steady 30 % of failures does in a minute; on
# what was damaged or cut on its way up it gives up at once.
BUSY = {"ServiceUnavailable", "SlowDown", "InternalError", "500", "502", "503", "504"}
DAMAGED = {"BadDigest", "XAmzContentSHA256Mismatch", "IncompleteBody", "RequestTimeout"}
BLOCK = 1 << 20  # bytes of a download that are written at once
PAUSE = 0.2  # seconds, before what botocore gave up on is tried again
REMEDIES = {
    "NoSuchBucket": "Make the bucket, or correct STANDINGS_LAKE.",
    "AccessDenied": "Its keys need to list, read and write this bucket.",
    "InvalidAccessKeyId": "Correct AWS_ACCESS_KEY_ID, or the profile that boto3 uses.",
    "SignatureDoesNotMatch": "Correct AWS_SECRET_ACCESS_KEY, or the profile that boto3 uses.",
}


class NoConditionalWrites(RuntimeError):
    """Say that a server takes a write that it must refuse: two workers would overwrite each other in silence."""


class Unreachable(RuntimeError):
    """Say that the server does not answer, or answers no to everything, and what to look at."""


class Broken(RuntimeError):
    """Say that an object's bytes are not those that were put there, however often they are asked for."""


class S3Store:
    """Speak to one bucket. Safe to use from several threads."""

    def __init__(self, bucket: Bucket) -> None:
        """Make the client; nothing is asked of the server yet."""
        self.bucket = bucket
        self._client = connect(bucket)

    def create(self, key: str, body: Body) -> None:
        """Put with `If-None-Match: *`; a refusal where the same bytes lie is one's own lost reply."""
        if not self._put(key, body, IfNoneMatch="*") and self._sha256_of(key) != sha256(body):
            raise Conflict(f"{key}: other bytes are there; an object is written once")

    def read(self, key: str) -> bytes:
        """Return an object's bytes, verified; raise `Missing`, or `Broken` where they stay wrong."""
        return self._get(key)[0]

    def download(self, key: str, target: Path, most: int, tell: Callable[[int], None]) -> None:
        """Append to a file what it lacks of an object, block by block, up to `most` bytes; verifies nothing.

        `tell` hears how many bytes are there. Raises `Missing`, or `Broken` where no byte more comes.
        """
        from botocore.exceptions import (
            FlexibleChecksumError,
            IncompleteReadError,
            ReadTimeoutError,
            ResponseStreamingError,
        )

        where, faults = {"Bucket": self.bucket.name, "Key": self.bucket.prefix + key}, 0
        while (there := target.stat().st_size) < most:
            asked = {**where, "Range": f"bytes={there}-{most - 1}"}
            try:
                found = self._insist(lambda: self._client.get_object(**asked))  # noqa: B023 - asked before it changes
                with target.open("ab") as file:
                    for block in found["Body"].iter_chunks(BLOCK):
                        file.write(block)
                        tell(file.tell())
            except self._client.exceptions.ClientError as error:
                if _code(error) in ABSENT:
                    raise Missing(f"{key}: nothing is there") from None
                if _code(error) == "InvalidRange":
                    raise Broken(f"{key}: ends at byte {there:,} of {most:,}") from None
                raise
            except (FlexibleChecksumError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError) as error:
                fault = str(error)
            else:
                fault = f"the answer ended at byte {target.stat().st_size:,} of {most:,}"
            faults = 0 if target.stat().st_size > there else faults + 1
            if faults == self.bucket.attempts:
                raise Broken(f"{key}: {fault}; asked for {faults} times")

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        """List keys, 1,000 a request."""
        where = {"Bucket": self.bucket.name, "Prefix": self.bucket.prefix + prefix}
        start = {"StartAfter": self.bucket.prefix + after} if after else {}
        while True:
            page = self._insist(lambda: self._client.list_objects_v2(**where, **start))  # noqa: B023
            for item in page.get("Contents", ()):
                yield Entry(item["Key"].removeprefix(self.bucket.prefix), item["Size"])
            if not page.get("IsTruncated"):
                return
            start = {"ContinuationToken": page["NextContinuationToken"]}

    def swap(self, key: str, body: bytes, expected: bytes | None) -> None:
        """Replace with `If-Match` on the ETag of what was read."""
        if expected is None:
            return self.create(key, body)
        try:
            current, tag = self._get(key)
        except Missing:
            current, tag = b"", ""
        if current == expected and tag and self._put(key, body, IfMatch=tag):
            return None
        # Ours is there although the reply was lost, or somebody else's is.
        if not tag or (current != body and self._get(key)[0] != body):
            raise Conflict(f"{key}: it was changed by somebody else; read it again")
        return None

    def delete(self, key: str) -> None:
        """Delete; S3 answers the same where nothing is there."""
        check_key(key)
        self._insist(lambda: self._client.delete_object(Bucket=self.bucket.name, Key=self.bucket.prefix + key))

    def probe(self) -> None:
        """Raise `NoConditionalWrites` where the server takes a write whose condition doesn't hold."""
        self._put(PROBE, b"1", IfNoneMatch="*")
        taken = self._put(PROBE, b"2", IfNoneMatch="*") or self._put(PROBE, b"3", IfMatch='"0"')
        if taken or self.read(PROBE) != b"1":
            raise NoConditionalWrites(
                f"{self.bucket}: the server ignores If-None-Match or "
                "If-Match, so workers that share this lake would overwrite each other. Use a server that holds them "
                "(AWS, MinIO, SeaweedFS 4, Ceph, R2), or a lake in a folder of one machine."
            )

    def _put(self, key: str, body: Body, **condition: str) -> bool:
        """Put under a condition; return whether it held."""
        check_key(key)
        where = {"Bucket": self.bucket.name, "Key": self.bucket.prefix + key}
        named = {"Metadata": {SHA256: sha256(body)}, **condition}

        def ask() -> None:
            with body.open("rb") if isinstance(body, Path) else nullcontext(body) as content:
                self._client.put_object(**where, Body=content, **named)

        try:
            self._insist(ask, AT_ONCE | BUSY | DAMAGED)
        except self._client.exceptions.ClientError as error:
            if _code(error) in NOT_HELD or (_code(error) in ABSENT and "IfMatch" in condition):
                return False
            raise
        return True

    def _get(self, key: str) -> tuple[bytes, str]:
        """Return an object's verified bytes and its ETag."""
        from botocore.exceptions import (
            FlexibleChecksumError,
            IncompleteReadError,
            ReadTimeoutError,
            ResponseStreamingError,
        )

        fault = ""
        for _ in range(self.bucket.attempts):
            try:
                found = self._insist(
                    lambda: self._client.get_object(Bucket=self.bucket.name, Key=self.bucket.prefix + key)
                )
                body: bytes = found["Body"].read()
            except self._client.exceptions.ClientError as error:
                if _code(error) in ABSENT:
                    raise Missing(f"{key}: nothing is there") from None
                raise
            except (FlexibleChecksumError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError) as error:
                fault = str(error)
                continue
            wanted = found["Metadata"].get(SHA256)
            if wanted in (None, sha256(body)):
                return body, found["ETag"]
            fault = f"its sha256 is {sha256(body)}, and was {wanted} when it was put there"
        raise Broken(f"{key}: {fault}; asked for {self.bucket.attempts} times")

    def _insist(self, ask: Callable[[], Any], again: Set[str] = BUSY) -> Any:
        """Ask, and ask again after what botocore gives up on: these codes, and a connection that ends in silence."""
        from botocore.exceptions import ConnectionClosedError

        for last in self._tries():
            with self._told():
                try:
                    return ask()
                except self._client.exceptions.ClientError as error:
                    if _code(error) not in again or last:
                        raise
                except ConnectionClosedError:
                    if last:
                        raise
                time.sleep(PAUSE)
        raise AssertionError("the last try returns or raises")

    def _tries(self) -> Iterator[bool]:
        """Yield once a try, whether it is the last."""
        for number in range(1, self.bucket.attempts + 1):
            yield number == self.bucket.attempts

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what a person has to mend into words that say so."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            if (remedy := REMEDIES.get(_code(error))) is None:
                raise
            raise Unreachable(f"{self.bucket}: {error}. {remedy}") from error
        except BotoCoreError as error:
            remedy = "Is STANDINGS_S3_ENDPOINT right, does the server run, and has boto3 credentials?"
            raise Unreachable(f"{self.bucket}: {error} {remedy}") from error

    def _sha256_of(self, key: str) -> str:
        where = {"Bucket": self.bucket.name, "Key": self.bucket.prefix + key}
        found = self._insist(lambda: self._client.head_object(**where))
        return found["Metadata"].get(SHA256) or sha256(self.read(key))


def connect(bucket: Bucket, **credentials: str) -> Any:
    """Return boto3's client for a bucket's server; without credentials, boto3 looks for them in its usual places."""
    import boto3
    from botocore.config import Config

    # `standard`: through 30 % of 503s `adaptive` took eight times as long, and `legacy` ten.
    config = Config(
        signature_version="s3v4",
        retries={"mode": "standard", "max_attempts": bucket.attempts},
        connect_timeout=bucket.connect_seconds,
        read_timeout=bucket.read_seconds,
        max_pool_connections=32,
        s3={"addressing_style": "path"} if bucket.endpoint else None,
    )
    return boto3.session.Session().client(
        "s3", endpoint_url=bucket.endpoint, region_name=bucket.region or "us-east-1", config=config, **credentials
    )


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def open_store(address: Address, cache: Path | None = None, limit: int = CACHE_LIMIT) -> Store:
    """Open the store at an address; nothing is asked of it yet. With `cache`, a bucket's objects are fetched once."""
    if not isinstance(address, Bucket):
        return FolderStore(address)
    store = S3Store(address)
    return CachedStore(store, cache, limit) if cache else store


def require_shared(store: Store) -> None:
    """Raise NoConditionalWrites where a store that many machines share can't keep them apart; a folder can."""
    found = behind(store)
    if isinstance(found, S3Store):
        found.probe()
