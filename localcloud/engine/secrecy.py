"""The key that encrypts secrets in the state, and the two directions of it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.fernet import Fernet, InvalidToken

from localcloud.engine.errors import EngineError
from localcloud.engine.values import Value

_KEY_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Vault:
    """Encrypts by Fernet (AES-128-CBC with HMAC-SHA256) under a key that only its owner can read."""

    fernet: Fernet
    path: Path

    def sealed(self, value: Value) -> str:
        """The value as ciphertext."""
        return self.fernet.encrypt(json.dumps(value).encode()).decode()

    def opened(self, token: str) -> Value:
        """The value of a ciphertext; refused when another key made it."""
        try:
            return json.loads(self.fernet.decrypt(token.encode()))
        except InvalidToken as error:
            raise EngineError(
                f"a secret in the state was encrypted with another key than {self.path}: restore that key, or remove "
                "the state and run `localcloud down` and `localcloud up`"
            ) from error


def open_vault(folder: Path) -> Vault:
    """The folder's vault; its key is made on first use, readable by its owner alone."""
    path = folder / "key"
    if not path.exists():
        _write_key(path)
    return Vault(Fernet(path.read_bytes()), path)


def _write_key(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _KEY_MODE)
    except FileExistsError:
        return  # another process was quicker; its key is as good
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
