"""Passwords: made up, and hashed as PostgreSQL keeps them. Pure but for chance."""

import base64
import hashlib
import hmac
import secrets
import unicodedata

_ITERATIONS = 4096
_SALT_BYTES = 16
_RANDOM_BYTES = 24


def made_up() -> str:
    """A password of 192 random bits."""
    return secrets.token_urlsafe(_RANDOM_BYTES)


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores of a password, so that the password itself is in no statement and in no log.

    RFC 5802 and RFC 7677 (SCRAM-SHA-256), in the form of PostgreSQL's pg_authid.rolpassword.

    Args:
        password: of any characters.
        salt: for tests; else random.
    """
    salt = salt or secrets.token_bytes(_SALT_BYTES)
    prepared = unicodedata.normalize("NFKC", password).encode()
    salted = hashlib.pbkdf2_hmac("sha256", prepared, salt, _ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = [base64.b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${_ITERATIONS}:{encoded[0]}${encoded[1]}:{encoded[2]}"
