"""What a phone may hold for a day without network: masked rows, and each full name under its own ticket alone."""

import base64
import json
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chengjiu_mp.checkin.tickets import spoken_key
from chengjiu_mp.courses.models import Signup
from chengjiu_mp.courses.signup_queries import phone_of, ticket_token
from chengjiu_mp.people.phones import mask_phone

_NONCE = 12


def details_key(token: str, run_id: int) -> bytes:
    """Return the 32 bytes under which a ticket's details are sealed; scan-vault.js derives the same."""
    return HKDF(SHA256(), 32, salt=None, info=f"roster1|{run_id}".encode()).derive(token.encode())


def sealed_details(signup: Signup) -> str:
    """Return base64url of nonce and AES-GCM of {name, latin_name?}: who holds the ticket may read it, nobody else."""
    details = {"name": signup.name} | ({"latin_name": signup.latin_name} if signup.latin_name else {})
    nonce = secrets.token_bytes(_NONCE)
    cipher = AESGCM(details_key(ticket_token(signup), signup.run_id))
    sealed = nonce + cipher.encrypt(nonce, json.dumps(details, ensure_ascii=False).encode(), None)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def phone_end(signup: Signup) -> str:
    """Return the digits behind the stars of the masked phone, which tell two people of one name apart."""
    return mask_phone(phone_of(signup)).rpartition("*")[2]


def keys_of(signup: Signup) -> list[str]:
    """Return the first 32 hex digits of the ticket's key and of its code's."""
    return [signup.ticket_hash.hex()[:32], spoken_key(signup.run_id, signup.code).hex()[:32]]
