"""Codes of authenticator apps."""

import base64
import hmac
import struct
import time


def totp(secret, seconds=None):
    """The code of this moment, or of so many seconds since 1970 (RFC 6238, SHA-1, 30 seconds, six digits)."""
    secret = secret.replace(" ", "")
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time() if seconds is None else seconds) // 30), "sha1").digest()
    place = digest[-1] & 15
    number = struct.unpack(">I", digest[place:place + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
