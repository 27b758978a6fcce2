"""Writes a folder of files for fuzz_files: the hostile ones of the tests, sound files, and such that were sound once.

These are cut off, overwritten, spliced with another, claim a size that they have not, are named as what they are not.
Always the same files.

usage: python -m scripts.fuzz_corpus OUT SOURCE… [--count 1500] [--sound 1]
"""

import argparse
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random

from tests.hostile import DAMAGED, REFUSED, mutations, overwritten

ENDINGS = (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".pdf", ".xml")
CLAIMED = 65_500  # pixels, which is the most that a JPEG can claim


def cut_off(content: bytes, other: bytes, chance: Random) -> bytes:
    return content[: int(len(content) * chance.random())]


def changed(content: bytes, other: bytes, chance: Random) -> bytes:
    return overwritten(content, chance.randrange(2**32)) if content else content


def flipped(content: bytes, other: bytes, chance: Random) -> bytes:
    """A bit in about each kilobyte is another, anywhere."""
    result = bytearray(content)
    for _ in range(len(result) // 1000):
        result[chance.randrange(len(result))] ^= 1 << chance.randrange(8)
    return bytes(result)


def spliced(content: bytes, other: bytes, chance: Random) -> bytes:
    return content[: int(len(content) * chance.random())] + other[int(len(other) * chance.random()) :]


def noisy(content: bytes, other: bytes, chance: Random) -> bytes:
    """A tenth of it is noise."""
    start = int(len(content) * 0.9 * chance.random())
    return content[:start] + chance.randbytes(len(content) // 10) + content[start + len(content) // 10 :]


def claiming(content: bytes, other: bytes, chance: Random) -> bytes:
    """Its header claims a picture or a page of a size that it has not."""
    if content.startswith(b"\x89PNG"):
        header = content[12:16] + struct.pack(">II", CLAIMED, CLAIMED) + content[24:29]
        return content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    if content.startswith(b"\xff\xd8") and (frame := re.search(rb"\xff[\xc0\xc2]\x00\x11", content)):
        start = frame.end() + 1
        return content[:start] + struct.pack(">HH", CLAIMED, CLAIMED) + content[start + 4 :]
    if content.startswith((b"II*\0", b"MM\0*")):
        order = "<" if content.startswith(b"II") else ">"
        size = b"|".join(re.escape(struct.pack(f"{order}HHI", tag, kind, 1)) for tag in (256, 257) for kind in (3, 4))
        many = b"\xff" * 4
        return re.sub(b"(" + size + b")....", lambda found: found[1] + many, content, count=2, flags=re.DOTALL)
    return re.sub(
        rb"/MediaBox\s*\[[^\]]*\]", lambda box: re.sub(rb"[1-9](?=\d)", b"9", box[0].replace(b".", b"9")), content
    )


DAMAGES: tuple[Callable[[bytes, bytes, Random], bytes], ...] = (cut_off, changed, flipped, spliced, noisy, claiming)


def hostile() -> Iterator[tuple[str, bytes]]:
    for name, (make, _) in REFUSED.items():
        yield f"{name}.pdf", make()
    for name, broken in DAMAGED.items():
        yield f"{name}.pdf", broken()
    for name, content in mutations():
        yield f"{name}.pdf", content


def damaged(sources: list[Path], sound: int) -> Iterator[tuple[str, bytes]]:
    """Every `sound`-th source as it is, then endlessly of each source in turn a damaged one."""
    chance = Random(0)
    for path in sources[::sound]:
        yield path.name, path.read_bytes()
    for turn in range(10**6):
        for number, path in enumerate(sources):
            damage = DAMAGES[(turn + number) % len(DAMAGES)]
            content = damage(path.read_bytes(), chance.choice(sources).read_bytes(), chance)
            ending = chance.choice(ENDINGS) if chance.random() < 0.2 else path.suffix
            yield f"{path.stem} {damage.__name__}{ending}", content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("sources", type=Path, nargs="+", help="folders of sound files")
    parser.add_argument("--count", type=int, default=1500)
    parser.add_argument("--sound", type=int, default=1, help="each n-th source is there undamaged")
    options = parser.parse_args()
    found = (path for folder in options.sources for path in sorted(folder.rglob("*")))
    sources = [path for path in found if path.is_file() and path.suffix.lower() in ENDINGS]
    if not sources:
        parser.error("there is no sound file below the folders")
    options.out.mkdir(parents=True, exist_ok=True)
    files = [*hostile(), *islice(damaged(sources, options.sound), options.count)][: options.count]
    for number, (name, content) in enumerate(files):
        plain = re.sub(r"[^\w.,-]+", " ", name)
        (options.out / f"{number:05} {plain}").write_bytes(content)


if __name__ == "__main__":
    main()
