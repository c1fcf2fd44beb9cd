"""The binding of libfingerprint.so, which is compiled for each architecture."""

import ctypes
import platform
from pathlib import Path

# Of the published test vectors: http://www.isthe.com/chongo/src/fnv/test_fnv.c
_KNOWN_TEXT = "foobar"
_KNOWN_FINGERPRINT = 0x85944171F73967E8


class FingerprintLibrary:
    """Hashes text with the native library."""

    def __init__(self, path: Path) -> None:
        """Load the library, or raise OSError if it is missing or of another architecture."""
        try:
            library = ctypes.CDLL(str(path))
        except OSError as error:
            # For another architecture the loader says "no such file", which misleads.
            raise OSError(f"{path} is not for {platform.machine()}, or missing: {error}") from error
        self._fingerprint = library.fingerprint
        self._fingerprint.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        self._fingerprint.restype = ctypes.c_uint64
        library.fingerprint_architecture.restype = ctypes.c_char_p
        self.architecture: str = library.fingerprint_architecture().decode("ascii")

    def fingerprint(self, text: str) -> int:
        """Return the 64-bit FNV-1a hash of the UTF-8 form of the text."""
        data = text.encode()
        return int(self._fingerprint(data, len(data)))

    def is_working(self) -> bool:
        """Tell whether the library computes what it should."""
        return self.fingerprint(_KNOWN_TEXT) == _KNOWN_FINGERPRINT
