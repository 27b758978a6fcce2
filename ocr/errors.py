"""What can go wrong in reading. Messages are for the sender: they say what to do."""

from typing import ClassVar


class OcrError(Exception):
    """Base of all errors of this package. `code` is what contract 1 calls the error."""

    code: ClassVar[str] = "OCR_FAILED"


class InvalidFileError(OcrError):
    """The file is not one that can be read at all."""

    code = "INVALID_FILE_FORMAT"


class EmptyFileError(InvalidFileError):
    def __init__(self) -> None:
        super().__init__("The file is empty. Send the document again.")


class UnsupportedFileError(InvalidFileError):
    def __init__(self) -> None:
        super().__init__("The file is not a PDF, JPEG, PNG, TIFF or e-invoice (XML). Send one of these formats.")


class CorruptFileError(InvalidFileError):
    def __init__(self, detail: str = "it is damaged or cut short") -> None:
        super().__init__(f"The file cannot be opened: {detail}. Export or scan the document again.")


class EncryptedFileError(InvalidFileError):
    def __init__(self) -> None:
        super().__init__("The PDF is protected by a password. Send it without protection.")


class TooManyPagesError(InvalidFileError):
    def __init__(self, most: int) -> None:
        super().__init__(f"The file has more than {most} pages, and no more are read. Split it.")


class PixelBudgetError(InvalidFileError):
    def __init__(self, width: int, height: int) -> None:
        super().__init__(f"A page of {width} x {height} pixels is too large. Scan at 300 to 600 DPI.")


class EInvoiceError(InvalidFileError):
    """XML that cannot be read as an invoice. `problem` says why: a key of REASONS."""

    REASONS: ClassVar[dict[str, str]] = {
        "malformed": "it is damaged, or not in the encoding that it names",
        "unsafe": "it has a document type declaration, which no e-invoice may have",
        "too-large": "it is too large or nested too deeply",
        "unknown": "it is no UBL and no Cross Industry Invoice",
        "unknown-profile": "its profile is not known",
        "unreadable": "reading it failed or took too long",
    }

    def __init__(self, problem: str) -> None:
        self.problem = problem
        super().__init__(f"The XML cannot be read as an invoice: {self.REASONS[problem]}. Export the invoice again.")


class NothingLegibleError(OcrError):
    def __init__(self) -> None:
        super().__init__("No text could be made out. Send a sharper, evenly lit picture of the whole document.")


class ReadTimeoutError(OcrError):
    code = "OCR_TIMEOUT"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"Reading took longer than {seconds:g} seconds and was stopped. Send fewer or simpler pages.")


class ReaderBusyError(OcrError):
    def __init__(self) -> None:
        super().__init__("Too many files are being opened at this moment. Try again in a moment.")


class ReaderCrashedError(OcrError):
    def __init__(self) -> None:
        super().__init__("The file made the reader stop. Export or scan the document again.")


class FileNotOpenError(ReaderCrashedError):
    """Asked of a child that has opened no file: the one that had is gone."""


class EngineUnavailableError(OcrError):
    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(f"The OCR engine {engine} cannot be used: {reason}.")


BY_NAME: dict[str, type[OcrError]] = {
    error.__name__: error
    for error in (
        OcrError,
        InvalidFileError,
        EmptyFileError,
        UnsupportedFileError,
        CorruptFileError,
        EncryptedFileError,
        TooManyPagesError,
        PixelBudgetError,
        EInvoiceError,
        NothingLegibleError,
        ReadTimeoutError,
        ReaderCrashedError,
        FileNotOpenError,
        EngineUnavailableError,
    )
}


def rebuild(name: str, message: str) -> OcrError:
    """The error that a child process reported, as the exception it was there."""
    kind = BY_NAME.get(name, ReaderCrashedError)
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    return error
