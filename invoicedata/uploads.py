"""Uploads are bounded while they arrive: by what they declare, and by what is counted."""

import tempfile
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from invoicedata.database import release_connection


class UploadTooLargeError(RequestDataTooBig):
    """More bytes than a file may have; the rest of the request is not read."""


class BoundedUploadHandler(FileUploadHandler):
    """Spools files below FILE_UPLOAD_TEMP_DIR and refuses, before or while it does, what is larger than a file may be.

    The files have no name, so the system removes them whatever becomes of the request or of this process.
    Raises UploadTooLargeError out of the parsing of the request.
    """

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        if content_length > settings.MAX_UPLOAD_BYTES + settings.UPLOAD_ENVELOPE_BYTES:
            raise UploadTooLargeError
        release_connection()  # the client may be slow

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.file: Any = tempfile.TemporaryFile(dir=settings.FILE_UPLOAD_TEMP_DIR)  # noqa: SIM115  # closed with the request

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.MAX_UPLOAD_BYTES:
            self.file.close()
            raise UploadTooLargeError
        self.file.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self.file.seek(0)
        return UploadedFile(
            self.file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )
