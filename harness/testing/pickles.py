"""Pickles among files: told by what a file holds, which is never loaded."""

import bz2
import gzip
import io
import lzma
import os
import pickletools
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

NAMED = (".joblib", ".pickle", ".pkl")  # endings that stand for nothing else
LOOKED_AT = 2**22  # bytes of a file, or of what it holds compressed
STOP = b"."  # the opcode that ends a pickle
DEEP = 3  # files within files: a compressed archive of arrays
MARKED = 3  # bytes: the mark, the protocol, the first opcode
MARKED_PROTOCOLS = range(2, 6)  # a pickle of these begins with byte 0x80 and its protocol
OPCODES = {ord(opcode.code) for opcode in pickletools.opcodes}
MEMO = ("PUT", "BINPUT", "LONG_BINPUT")  # opcodes with the place of what they keep
FIRST = 1  # highest place that a pickle begins its memo with; Python 3 counts from 0
DECOMPRESSED: dict[bytes, Callable[[BinaryIO], bytes]] = {  # first bytes -> what reads as much as is looked at
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream).read(LOOKED_AT),
    b"x": lambda stream: zlib.decompressobj().decompress(stream.read(LOOKED_AT), LOOKED_AT),
    b"BZh": lambda stream: bz2.BZ2File(stream).read(LOOKED_AT),
    b"\xfd7zXZ\x00": lambda stream: lzma.LZMADecompressor().decompress(stream.read(LOOKED_AT), LOOKED_AT),
    b"]\x00\x00": lambda stream: lzma.LZMADecompressor().decompress(stream.read(LOOKED_AT), LOOKED_AT),
}


def pickle_in(file: Path) -> str | None:
    """Return what of a file is a pickle, None where nothing is.

    Archives, compressed files and arrays are looked into, at most 4 MiB of each. A pickle of protocol 0 or 1, which
    begins with no mark, is what parses as opcodes to its end and leaves nothing on the stack. Short texts such as "N."
    do so, too: what holds more than a constant keeps it in the memo, or calls what it names.

    Args:
        file: An existing file; its name tells only where the ending stands for a pickle.

    Returns:
        The name of the file, with where it is in it, such as "weights.npz (state.npy, an array of objects)".
    """
    with file.open("rb") as stream:
        found = _found(stream, file.name, DEEP)
    return None if found is None else f"{file.name} ({found})" if found else file.name


def _found(stream: BinaryIO, name: str, deep: int) -> str | None:
    """Return where in a stream a pickle is, "" where it is one itself, None where there is none."""
    if Path(name).suffix.lower() in NAMED:
        return ""
    if deep and zipfile.is_zipfile(stream):
        return _in_archive(stream, deep)
    stream.seek(0)
    start = stream.read(len(np.lib.format.MAGIC_PREFIX))
    stream.seek(0)
    if start == np.lib.format.MAGIC_PREFIX:
        return "an array of objects" if _holds_objects(stream) else None
    for first, read in DECOMPRESSED.items() if deep else ():
        if start.startswith(first) and (content := _read(read, stream)):
            found = _found(io.BytesIO(content), "", deep - 1)
            return f"compressed{found and f', {found}'}" if found is not None else None
    stream.seek(0)
    return "" if _is_pickle(stream.read(LOOKED_AT)) else None


def _in_archive(stream: BinaryIO, deep: int) -> str | None:
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in (info for info in archive.infolist() if not info.is_dir()):
                with archive.open(member) as inner:
                    found = _found(io.BytesIO(inner.read(LOOKED_AT)), member.filename, deep - 1)
                if found is not None:
                    return f"{member.filename}{found and f', {found}'}"
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, zlib.error):
        return None  # damaged or encrypted, so that nothing is read from it
    return None


def _read(read: Callable[[BinaryIO], bytes], stream: BinaryIO) -> bytes:
    stream.seek(0)
    try:
        return read(stream)
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return b""  # something else that begins alike


def _holds_objects(stream: BinaryIO) -> bool:
    """Read the header of a .npy: what an array of objects holds is a pickle."""
    try:
        first = np.lib.format.read_magic(stream) == (1, 0)
        _, _, dtype = (np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0)(stream)
    except ValueError:
        return False
    return bool(dtype.hasobject)


def _is_pickle(content: bytes) -> bool:
    if content.startswith(b"\x80"):
        return len(content) >= MARKED and content[1] in MARKED_PROTOCOLS and content[2] in OPCODES
    content = content.rstrip()
    return content.endswith(STOP) and _parses(content)


def _parses(content: bytes) -> bool:
    """Tell whether pickles follow each other to the end of it, and one of them holds more than a constant."""
    stream, is_more = io.BytesIO(content), False
    try:
        with open(os.devnull, "w") as nowhere:
            while stream.tell() < len(content):
                start = stream.tell()
                found = [(opcode.name, argument) for opcode, argument, _ in pickletools.genops(stream)]
                is_more |= any(name in MEMO and int(place or 0) <= FIRST for name, place in found)
                is_more |= {"GLOBAL", "REDUCE"} <= {name for name, _ in found}
                stream.seek(start)
                pickletools.dis(stream, nowhere)  # follows the stack and the memo, and makes nothing
    except Exception:  # what it raises depends on where something else stops looking like a pickle
        return False
    return is_more
