"""Files that were written again are read once more, beside whoever asked: what they hold, and what can't be read."""

from __future__ import annotations

import hashlib

from app.io.compare import Compared, sha256_of, start_compare
from app.jobs import Finished, Progress, Result


def test_each_file_is_told_with_its_stamp_and_content_and_what_is_gone_only_counts(tmp_path):
    files = {"one": tmp_path / "one.png", "gone": tmp_path / "gone.png", "two": tmp_path / "two.png"}
    wanted = {}
    for key in ("one", "two"):
        files[key].write_bytes(key.encode() * 70_000)
        stat = files[key].stat()
        content = hashlib.sha256(key.encode() * 70_000).hexdigest()
        wanted[key] = Compared((stat.st_size, stat.st_mtime_ns), content)
        assert sha256_of(files[key]) == content
    assert sha256_of(files["gone"]) == ""
    events = list(start_compare(files))
    assert {e.key: e.value for e in events if isinstance(e, Result)} == wanted
    told = [(e.done, e.total, e.name) for e in events if isinstance(e, Progress)]
    assert told == [(1, 3, "one"), (2, 3, "gone"), (3, 3, "two")]
    assert events[-1] == Finished(cancelled=False)
