"""Recognition of out-of-memory errors, which every library words differently."""

import re

_WORDS = re.compile(
    r"out of memory"  # torch on CUDA, ROCm, XPU and MPS; "CUDA error: out of memory" of the driver
    r"|(can't|cannot|unable to) allocate|not enough memory|bad_alloc"  # the allocators of the CPU
    r"|(CUBLAS|CUDNN|CUSPARSE|CUSOLVER)_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation",
    re.IGNORECASE,
)


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether an exception, or one that it was raised from, says that memory ran out.

    Recognises `MemoryError`, torch's own class and what torch, CUDA's libraries and the allocators of the CPU
    write into a `RuntimeError`. accelerate's matcher knows fewer: it misses `MemoryError` and "CUDA error: out
    of memory".

    Args:
        error: Any exception, None for none.
    """
    while error is not None:
        if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
            return True
        if isinstance(error, RuntimeError | OSError) and _WORDS.search(str(error)):
            return True
        error = error.__cause__ or error.__context__
    return False
