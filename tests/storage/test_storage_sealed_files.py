"""Stored files: nothing of them is readable without the key; changed, swapped and cut ones are known; keys rotate."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from storage.file_resealing import files_standing, reseal_files
from storage.keyring import Keyring
from storage.sealed_files import ALAW_FRAMES, BrokenFile, FileSafe, SealedFile, SealedWriter, key_of, rewrap

CHUNK, HEAD = 100, 84
STORED = CHUNK + 16
CONTENT = bytes(range(256)) * 2 + b"the end"  # five whole chunks and 19 bytes


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring(lambda: tmp_path / "keys.json")


def written(path: Path, keyring: Keyring, content: bytes = CONTENT, *, finish: bool = True, flags: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = SealedWriter(path, keyring, chunk_bytes=CHUNK, flags=flags)
    for at in range(0, len(content), 37):
        writer.write(content[at : at + 37])
    if finish:
        writer.finish()
    writer.close()
    return path


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK, len(CONTENT)])
def test_every_range_of_every_length(tmp_path: Path, keyring: Keyring, size: int) -> None:
    path = written(tmp_path / "a", keyring, CONTENT[:size])
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(SealedFile(path, keyring)) as file:
        assert file.complete and file.length == size
        for begin in (0, 1, CHUNK - 1, CHUNK, 3 * CHUNK, size):
            for count in (0, 1, CHUNK, 2 * CHUNK + 1, 10_000):
                assert file.read(begin, count) == CONTENT[:size][begin : begin + count]


def test_nothing_of_it_stands_in_the_file(tmp_path: Path, keyring: Keyring) -> None:
    stored = written(tmp_path / "a", keyring).read_bytes()
    again = written(tmp_path / "a", keyring).read_bytes()
    assert not any(CONTENT[at : at + 8] in stored for at in range(len(CONTENT) - 8))
    assert stored[HEAD:] != again[HEAD:], "each file has a key of its own"


def test_what_a_crash_leaves_is_read_and_known_to_be_unfinished(tmp_path: Path, keyring: Keyring) -> None:
    path = written(tmp_path / "a", keyring, finish=False)
    for torn in (0, 7, 16, 60):
        with path.open("ab") as file:
            file.write(secrets.token_bytes(torn))
        with closing(SealedFile(path, keyring)) as found:
            assert not found.complete and found.read(0, 10_000) == CONTENT[: 5 * CHUNK]
        os.truncate(path, HEAD + 5 * STORED)
    with pytest.raises(BrokenFile, match="cut off"):
        FileSafe(keyring).read(path)


def flipped(at: int) -> Callable[[bytes], bytes]:
    return lambda stored: stored[:at] + bytes([stored[at] ^ 1]) + stored[at + 1 :]


def swapped(stored: bytes) -> bytes:
    first, second = stored[HEAD : HEAD + STORED], stored[HEAD + STORED : HEAD + 2 * STORED]
    return stored[:HEAD] + second + first + stored[HEAD + 2 * STORED :]


@pytest.mark.parametrize(
    "change",
    [
        *(flipped(at) for at in (10, 17, 21, 25, 40, HEAD, HEAD + STORED - 1, HEAD + 3 * STORED)),
        lambda stored: stored[:-1],  # cut in the last chunk
        lambda stored: stored[: HEAD + 4 * STORED],  # cut between two chunks
        lambda stored: stored[: HEAD + STORED] + stored[HEAD + 2 * STORED :],  # a chunk left out
        lambda stored: stored[:HEAD] + stored[HEAD + 5 * STORED :],  # only the last one left
        lambda stored: stored + stored[-35:],
        lambda stored: stored[: HEAD - 1],
        swapped,
    ],
)
def test_whatever_is_changed_is_noticed(tmp_path: Path, keyring: Keyring, change: Callable[[bytes], bytes]) -> None:
    path = written(tmp_path / "a", keyring)
    assert FileSafe(keyring).read(path) == CONTENT
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(BrokenFile):
        FileSafe(keyring).read(path)


def test_a_file_opens_under_its_own_name_only(tmp_path: Path, keyring: Keyring) -> None:
    one, other = written(tmp_path / "a", keyring), written(tmp_path / "b", keyring, b"other")
    other.write_bytes(one.read_bytes())
    with pytest.raises(BrokenFile, match="another's"):
        FileSafe(keyring).read(other)
    with pytest.raises(BrokenFile, match="lacks"):
        FileSafe(Keyring(lambda: tmp_path / "others.json")).read(one)


def test_frames_are_given_out_as_a_wav_however_many_there_are(tmp_path: Path, keyring: Keyring) -> None:
    path = written(tmp_path / "c.wav", keyring, CONTENT, finish=False, flags=ALAW_FRAMES)
    with closing(SealedFile(path, keyring)) as file:
        sound = file.read(0, file.length)
        assert sound[:4] == b"RIFF" and int.from_bytes(sound[4:8], "little") == len(sound) - 8
        assert sound[58:] == CONTENT[: 5 * CHUNK] and file.read(50, 20) == sound[50:70]


def test_a_rotation_leaves_chunks_and_ages_and_a_writer_alone(tmp_path: Path, keyring: Keyring) -> None:
    path = tmp_path / "a"
    writer = SealedWriter(path, keyring, chunk_bytes=CHUNK)
    writer.write(CONTENT[:300])
    os.utime(path, (1_000, 1_000))
    before, old = path.read_bytes(), keyring.keys.current
    new = keyring.rotate()
    with closing(SealedFile(path, keyring)) as open_before:
        assert rewrap(path, keyring) and not rewrap(path, keyring)
        assert (key_of(path), path.stat().st_mtime) == (new, 1_000)
        assert path.read_bytes()[HEAD:] == before[HEAD:]
        writer.write(CONTENT[300:])
        writer.finish()
        assert open_before.read(0, 1_000) == CONTENT[:300]
    keyring.retire({old})
    assert FileSafe(Keyring(lambda: tmp_path / "keys.json")).read(path) == CONTENT


def test_the_walk_rewraps_what_is_sealed_and_seals_what_is_plain_when_it_is_asked_to(
    tmp_path: Path, keyring: Keyring
) -> None:
    old = keyring.keys.current
    written(tmp_path / "recordings/2026-01-05/a.wav", keyring)
    broken = written(tmp_path / "attachments/XY/at_1", keyring)
    broken.write_bytes(flipped(40)(broken.read_bytes()))
    plain, fresh = tmp_path / "chat_pictures/cp_1", tmp_path / "messenger_media/uploads/up_1"
    for path in (plain, fresh):
        path.parent.mkdir(parents=True)
        path.write_bytes(CONTENT)
    os.utime(plain, (1_000, 1_000))
    written(plain.parent / "cp_0.sealing/cp_0", keyring)  # of a sealing that was killed
    os.utime(plain.parent / "cp_0.sealing", (1_000, 1_000))
    new = keyring.rotate()
    done = reseal_files(tmp_path, keyring)
    assert (done.rewrapped, done.sealed, done.broken) == (1, 0, ("attachments/XY/at_1",))
    assert files_standing(tmp_path) == {
        "recordings": {new: 1},
        "attachments": {old: 1},
        "chat_pictures": {"plain": 1},
        "messenger_media": {"plain": 1},
    }
    done = reseal_files(tmp_path, keyring, plain_too=True)
    assert (done.rewrapped, done.sealed, done.left) == (0, 1, 1), "what was touched lately may still be written"
    assert key_of(plain) == new and plain.stat().st_mtime == 1_000 and os.listdir(plain.parent) == ["cp_1"]
    assert FileSafe(keyring).read(plain) == CONTENT == FileSafe(keyring).read(fresh)


def test_switched_off_files_are_plain_and_sealed_ones_are_still_read(tmp_path: Path, keyring: Keyring) -> None:
    for sealing in (True, False):
        writer = FileSafe(keyring, sealing=sealing).create(tmp_path / "x" / str(sealing))
        writer.write(CONTENT)
        writer.finish()
    assert (tmp_path / "x" / "False").read_bytes() == CONTENT
    assert b"".join(FileSafe(keyring, sealing=False).chunks(tmp_path / "x" / "True")) == CONTENT
