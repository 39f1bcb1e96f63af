"""A folder, a file or a list of files -> the files of each split."""

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from harness.data.arrow_files import STATE, saved_splits
from harness.data.columns_apart import refuse_columns_apart
from harness.data.decoding import ending, stem
from harness.data.files import ENDINGS, ORDER_FILE, is_read, refusal
from harness.errors import DataError, did_you_mean

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev", "development", "eval", "evaluation"),
    "test": ("test", "testing"),
}
SHARD = re.compile(r"-(\d{5})-of-(\d{5})(-[0-9a-f]{16})?$")  # the hub's numbering of a split's parts
# How scikit-learn reads a folder of one folder a class, for one that is not read here.
TO_ROWS = (
    'Write one row a text, train and test each to its file: python -c "import sys, pandas; from sklearn.datasets '
    "import load_files; d = load_files(sys.argv[1], encoding='utf-8'); pandas.DataFrame({{'text': d.data, 'label': "
    '[d.target_names[i] for i in d.target]}}).to_csv(sys.argv[2], index=False)" {} train.csv'
)
BESIDE = ("dataset_info.json", "dataset_infos.json", "dataset_dict.json", STATE, ORDER_FILE)  # no rows of their own


@dataclass(frozen=True)
class SplitFiles:
    """The files of a data set.

    Args:
        files: Split -> its files in order; a folder that `save_to_disk` wrote counts as a file.
        notes: What was guessed and what was left out, one sentence each.
    """

    files: dict[str, list[Path]]
    notes: tuple[str, ...] = ()


def split_of(name: str) -> str | None:
    """Return the split that a name is of, such as `validation` for "dev"; None for any other name."""
    return next((split for split, names in SPLIT_NAMES.items() if name.lower() in names), None)


def find_split_files(location: str) -> SplitFiles:
    """Find the files of each split.

    Args:
        location: A folder, also one that keeps its files in `data/`, in a folder a split, or that `save_to_disk`
            wrote; one file, which is train, whatever its name; or `train.csv,test.csv`, where several files of a split
            are read one after the other.

    Raises:
        DataError: Where no file is named after a split, a listed one is not, two files claim the same split,
            or a numbered part is missing.
    """
    folder = os.path.expanduser(location)  # Path.is_dir would raise for a list longer than a name may be
    if os.path.isdir(folder):
        return _of_saved(Path(folder)) or _of_folder(Path(folder), location)
    listed = _listed(location)
    if not listed:
        raise DataError(f"Data set {location!r} names no file or folder. Check --dataset.")
    if len(listed) == 1:
        return SplitFiles({"train": listed})
    return _of_list(listed, location)


def _of_saved(folder: Path) -> SplitFiles | None:
    """Return the splits of a folder that `save_to_disk` of the datasets library wrote, None for any other."""
    if (folder / STATE).is_file():
        return SplitFiles({"train": [folder]})
    if (names := saved_splits(folder)) is None:
        return None
    files: dict[str, list[Path]] = {}
    for name in names:
        files.setdefault(split_of(name) or name, []).append(folder / name)
    if twice := [paths for paths in files.values() if len(paths) > 1]:
        raise DataError(f"{folder}: {' and '.join(path.name for path in twice[0])} are the same split. Keep one.")
    known = {split: paths for split, paths in files.items() if split in SPLIT_NAMES}
    left = [split for split in files if split not in known]
    if not known and len(left) == 1:
        return SplitFiles({"train": files[left[0]]})
    return SplitFiles(known or files, left_out(left) if known else ())


def _of_list(listed: list[Path], location: str) -> SplitFiles:
    if twice := [path for path, times in Counter(path.resolve() for path in listed).items() if times > 1]:
        raise DataError(f"{location}: {twice[0].name} is named twice, so its rows would count twice. Name it once.")
    split_by_name = {path: split_of(SHARD.sub("", stem(path))) or _split_in(path) for path in listed}
    if unclear := [path.name for path, split in split_by_name.items() if split is None]:
        raise DataError(_expected(location, f"{', '.join(unclear)} is named otherwise"))
    files: dict[str, list[Path]] = {}
    for path, split in split_by_name.items():
        files.setdefault(str(split), []).append(path)
    numbered = {split: all(SHARD.search(stem(path)) for path in paths) for split, paths in files.items()}
    ordered = {
        split: _in_order(split, files[split], location) if numbered[split] else files[split]
        for split in SPLIT_NAMES
        if split in files
    }
    return SplitFiles(ordered, tuple(_told_of_several(ordered, numbered)))


def _told_of_several(files: Mapping[str, list[Path]], numbered: Mapping[str, bool]) -> Iterator[str]:
    for split, paths in files.items():
        if len(paths) > 1 and not numbered[split]:
            yield f"{split} is {', '.join(path.name for path in paths)}, one after the other"


def _of_split_folders(folder: Path) -> SplitFiles | None:
    """Return the files of a folder that has a folder for each split, None for any other."""
    below = (sorted(path for path in place.glob("*") if path.is_dir()) for place in (folder, folder / "data"))
    files: dict[str, list[Path]] = {}
    for place in chain.from_iterable(below):
        parts = sorted(path for path in place.glob("*") if path.is_file() and is_read(path) and ending(path) != ".txt")
        if (split := split_of(place.name)) and parts and split not in files:
            files[split] = parts
    if "train" not in files:
        return None
    told = [f"{split} is the {len(files[split])} files of {files[split][0].parent.name}/" for split in files]
    return SplitFiles({split: files[split] for split in SPLIT_NAMES if split in files}, tuple(told))


def _of_folder(folder: Path, location: str) -> SplitFiles:
    listed = _in_folder(folder)
    found, unclear = _by_split(listed)
    taken, left = _by_a_word_of_the_name(found, unclear)
    if not taken:
        if of_folders := _of_split_folders(folder):
            return of_folders
        seen = (
            ", ".join(path.name + "/" * path.is_dir() for path in _worth_naming(folder, listed)[:5]) or "no such file"
        )
        raise DataError(_unread(folder, taken) or _of_texts(folder) or _expected(location, f"found {seen}"))
    if problem := _unread(folder, taken):
        raise DataError(problem)
    guessed = [f"{paths[0].name} was taken for {split}" for split, paths in taken.items() if split not in found]
    others = [path.name for path in left if ending(path) != ".txt"]
    return SplitFiles(_all_in_order(taken, location), (*guessed, *left_out(others)))


def _unread(folder: Path, taken: Mapping[str, object]) -> str | None:
    """Return what is wrong with a file of a kind that is not read, named after a split that no other file is of."""
    others = (path for path in sorted(folder.glob("*")) if not taken or split_of(stem(path)) not in (None, *taken))
    return next((problem for path in others if (problem := refusal(path))), None)


def _of_texts(folder: Path) -> str | None:
    """Return what is wrong with a folder of one folder a class and one file a text, None for any other."""
    for above in (folder, folder / "train"):
        below = sorted(place for place in above.glob("*") if place.is_dir())
        if len(classes := [place.name for place in below if any(place.glob("*.txt"))]) > 1:
            way_out = TO_ROWS.format(shlex.quote(str(above)))
            return f"{above} holds a folder of texts for each class ({', '.join(classes[:5])}). {way_out}"
    return None


def _by_a_word_of_the_name(
    found: dict[str, list[Path]], unclear: list[Path]
) -> tuple[dict[str, list[Path]], list[Path]]:
    """Take emotion_train.csv for train where no file is called train; return all, and the files still unclear."""
    candidates: dict[str, list[Path]] = {}
    for path in unclear:
        if split := _split_in(path):
            candidates.setdefault(split, []).append(path)
    more = {split: paths for split, paths in candidates.items() if split not in found}
    used = {path for paths in more.values() for path in paths}
    return {**found, **more}, [path for path in unclear if path not in used]


def _split_in(path: Path) -> str | None:
    """Return the one split that a word of a file's name is of, None where none or several are."""
    splits = {split for word in re.split(r"[^a-z]+", stem(path).lower()) if (split := split_of(word))}
    return splits.pop() if len(splits) == 1 else None


def left_out(names: Iterable[str]) -> tuple[str, ...]:
    """Return the note on what is named after no split; none where there is no such thing."""
    listed = list(names)
    shown = ", ".join(listed[:5]) + (f" and {len(listed) - 5} more" if listed[5:] else "")
    return (f"left out, named after no split: {shown}",) if listed else ()


def _by_split(listed: list[Path]) -> tuple[dict[str, list[Path]], list[Path]]:
    found: dict[str, list[Path]] = {}
    unclear = []
    for path in listed:
        if split := split_of(SHARD.sub("", stem(path))):
            found.setdefault(split, []).append(path)
        else:
            unclear.append(path)
    return found, unclear


def _in_folder(folder: Path) -> list[Path]:
    """List the files that have a reader; `data/` counts where no file beside it is a split."""
    above, below = (
        sorted(f for f in place.glob("*") if f.is_file() and is_read(f) and f.name not in BESIDE)
        for place in (folder, folder / "data")
    )
    return above if _by_split(above)[0] or not below else below


def parts_of(location: str) -> list[str]:
    """Return the paths of a list with commas between them; a path that has a comma itself, and exists, is one."""
    if os.path.exists(os.path.expanduser(location)):
        return [location]
    parts, found = location.split(","), []
    while parts:
        lengths = (n for n in range(1, len(parts) + 1) if os.path.isfile(_joined(parts[:n])))
        n = next(lengths, 1)
        found.append(",".join(parts[:n]).strip())
        parts = parts[n:]
    return [part for part in found if part]


def _joined(parts: list[str]) -> str:
    return os.path.expanduser(",".join(parts).strip())


def _worth_naming(folder: Path, listed: list[Path]) -> list[Path]:
    return listed or sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def _listed(location: str) -> list[Path]:
    listed = [Path(part).expanduser() for part in parts_of(location)]
    if special := [path for path in listed if os.path.exists(path) and not os.path.isfile(path)]:
        raise DataError(f"{special[0]} is no regular file. Name files of rows, or one folder alone.")
    if missing := [path for path in listed if not os.path.isfile(path)]:
        raise DataError(f"Data set file {', '.join(map(str, missing))} does not exist. {_meant_instead(missing[0])}")
    return listed


def _meant_instead(missing: Path) -> str:
    """Say which files may have been meant: those of the same ending, and those named after a split."""
    folder = missing.parent
    if not folder.is_dir():
        return f"There is no folder {folder} either. Check --dataset."
    files = [path for path in _in_folder(folder) if path.suffix == missing.suffix or split_of(stem(path))]
    if not files:
        return f"Its folder holds no other {missing.suffix or 'data'} file. Check --dataset."
    return did_you_mean(missing.name, [path.name for path in files])


def _expected(location: str, instead: str) -> str:
    return (
        f"{location}: expected files named train, validation and test, ending in {ENDINGS}; {instead}. Rename the "
        "files after their splits, or name one file alone and say --test-size 0.2."
    )


def _all_in_order(found: dict[str, list[Path]], location: str) -> dict[str, list[Path]]:
    return {split: _in_order(split, found[split], location) for split in SPLIT_NAMES if split in found}


def _in_order(split: str, paths: list[Path], location: str) -> list[Path]:
    """Put the numbered parts of a split in order; one file is in order."""
    numbers = [SHARD.search(stem(path)) for path in paths]
    names = ", ".join(path.name for path in paths[:5]) + (", ..." if paths[5:] else "")
    if paths[1:] and not all(numbers):
        refuse_columns_apart(paths, location)
        raise DataError(
            f"{location}: several files claim to be the {split} split: {names}. Keep one, or list the files to take, "
            "with commas."
        )
    parts = {(int(n[1]), int(n[2])): path for n, path in zip(numbers, paths, strict=True) if n}
    if not parts:
        return paths
    n_parts = max(total for _, total in parts)
    if len(parts) < len(paths) or parts.keys() != {(i, n_parts) for i in range(n_parts)}:
        raise DataError(
            f"{location}: expected {n_parts} numbered parts of the {split} split, each once, found {names}. "
            "Fetch those that are missing, or remove those of another version."
        )
    return [parts[key] for key in sorted(parts)]
