"""Uploads are bounded while they arrive: by what they declare, and by what is counted."""

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import TemporaryFileUploadHandler


class UploadTooLargeError(RequestDataTooBig):
    """More bytes than a file may have; the rest of the request is not read."""


class BoundedUploadHandler(TemporaryFileUploadHandler):
    """Spools files to FILE_UPLOAD_TEMP_DIR and refuses, before or while it does, what is larger than a file may be.

    Raises UploadTooLargeError out of the parsing of the request.
    """

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        if content_length > settings.MAX_UPLOAD_BYTES + settings.UPLOAD_ENVELOPE_BYTES:
            raise UploadTooLargeError

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if start + len(raw_data) > settings.MAX_UPLOAD_BYTES:
            self.file.close()
            raise UploadTooLargeError
        super().receive_data_chunk(raw_data, start)
