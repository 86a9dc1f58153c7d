"""The vault: keys, sealing, blind index. The only room that knows a key in the clear."""

from pipeline.vault.data_classes import DataClass, class_of
from pipeline.vault.service_token import create_service_token, read_service_token
from pipeline.vault.vault import Vault, key_number, period_of

__all__ = [
    "DataClass",
    "Vault",
    "class_of",
    "create_service_token",
    "key_number",
    "period_of",
    "read_service_token",
]
