"""Move a folder of ciphertexts to another key, without their plaintexts ever leaving KMS."""

from pathlib import Path
from typing import NamedTuple

from awskms_lite import IncorrectKeyException, InvalidCiphertextException, KMSClient


class Moved(NamedTuple):
    """How many files were moved, and the error of each that is no ciphertext of the old key."""

    moved: int
    failed: dict[str, str]


def move(kms: KMSClient, folder: Path, old_key: str, new_key: str) -> Moved:
    """Encrypt each file anew, with its name as the encryption context; what is of another key stays as it is."""
    moved, failed = 0, dict[str, str]()
    for path in sorted(folder.glob("*.kms")):
        try:
            context = {"name": path.stem}
            answer = kms.re_encrypt(
                path.read_bytes(),
                source_key_id=old_key,
                source_encryption_context=context,
                destination_key_id=new_key,
                destination_encryption_context=context,
            )
        except (IncorrectKeyException, InvalidCiphertextException) as error:
            failed[path.name] = error.code
            continue
        part = path.with_suffix(".part")
        part.write_bytes(answer.ciphertext_blob)
        part.replace(path)
        moved += 1
    return Moved(moved, failed)
