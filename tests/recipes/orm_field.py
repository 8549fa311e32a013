"""A field of a record that is encrypted in its row, bound by the context to its table, column and row."""

from typing import Protocol, Self, overload

from awskms_lite import KMSClient


class Record(Protocol):
    """What a field needs of the class that it stands in."""

    id: int
    row: dict[str, int | str | bytes | None]


class EncryptedText:
    """A text that KMS encrypts when it is set and decrypts when it is read."""

    def __init__(self, kms: KMSClient, key_id: str, *, table: str) -> None:
        self.kms, self.key_id, self.table = kms, key_id, table

    def __set_name__(self, _: type[Record], name: str) -> None:
        self.column = name

    def context(self, record: Record) -> dict[str, str]:
        return {"table": self.table, "column": self.column, "id": str(record.id)}

    @overload
    def __get__(self, record: None, _: type[Record]) -> Self: ...
    @overload
    def __get__(self, record: Record, _: type[Record]) -> str | None: ...
    def __get__(self, record: Record | None, _: type[Record]) -> Self | str | None:
        if record is None:
            return self
        if not isinstance(blob := record.row[self.column], bytes):
            return None
        opened = self.kms.decrypt(blob, key_id=self.key_id, encryption_context=self.context(record))
        return opened.plaintext.decode()

    def __set__(self, record: Record, text: str | None) -> None:
        record.row[self.column] = None
        if text is not None:
            sealed = self.kms.encrypt(self.key_id, text.encode(), encryption_context=self.context(record))
            record.row[self.column] = sealed.ciphertext_blob
