"""A child process of the reader: `python -m ocr.child decoder|engine …`. It can be killed at any moment.

The *decoder* opens files, renders them, and decides over words; the *engine* recognises text in pixels. Each lives
long, one request after the other, and limits itself before it touches anything: memory, file size, open files, no core
dump, no new privileges; it dies with its parent, and the kernel takes it first when memory runs out.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

import msgspec

from ocr import messages
from ocr.errors import FileNotOpenError, OcrError
from ocr.options import RESERVABLE

if TYPE_CHECKING:
    from ocr.pages import OpenFile

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
MAX_FILE_BYTES = 600 * 1024 * 1024  # the pixels of the largest page
MAX_OPEN_FILES = 256
FEWEST_WORDS = 5  # on a sheet that was cut out of a picture


class Worker(Protocol):
    def answer(self, request: messages.Request) -> messages.Response: ...


class Decoder:
    """Holds one file open at a time."""

    def __init__(self) -> None:
        from ocr import decide, einvoice, pages, templates

        self._einvoice = einvoice
        self._pages = pages
        self._decide = decide
        self._templates = templates
        self._file: pages.OpenFile | None = None

    def answer(self, request: messages.Request) -> messages.Response:
        match request:
            case messages.Open(path, max_pages):
                return self._open(path, max_pages)
            case messages.Inspect():
                return messages.Inspected([self.file.facts(n + 1) for n in range(self.file.page_count)])
            case messages.Load():
                return self._load(request)
            case messages.Render(number, width, turned, target, paper):
                self._pages.save(self.file.render(number, width, turned, paper), Path(target))
                return messages.Done()
            case messages.Extract():
                found = self.file.attached()
                return messages.Extracted(messages.encode_documents(found.documents), found.problem)
            case messages.Decide():
                return self._read_documents(request)
        raise TypeError(f"The decoder has no answer to {type(request).__name__}.")

    @property
    def file(self) -> "OpenFile":
        if self._file is None:
            raise FileNotOpenError
        return self._file

    def _open(self, path: str, max_pages: int) -> messages.Opened:
        if self._file is not None:
            self._file.close()
            self._file = None
        self._file = self._pages.open_file(Path(path), max_pages)
        return messages.Opened(self._file.media_type, self._file.page_count)

    def _read_documents(self, request: messages.Decide) -> messages.Decided:
        stated = tuple(map(messages.decode_document, request.attached))
        attached = self._einvoice.Attached(stated, request.problem)
        templates = [msgspec.json.decode(template, type=self._templates.Template) for template in request.templates]
        documents = self._decide.read_documents(request.pages, attached, templates, request.cuts)
        return messages.Decided(messages.encode_documents(documents))

    def _load(self, request: messages.Load) -> messages.Response:
        import numpy as np

        loaded = self.file.load(request.number) if request.text_layer else self.file.picture(request.number)
        if not isinstance(loaded, self._pages.Picture):
            return messages.Loaded(loaded)
        np.save(request.target, loaded.pixels)
        return messages.Pictured(loaded.dpi, loaded.turned)


class Recogniser:
    """Holds one engine."""

    def __init__(self, name: str, languages: str, page_seconds: float) -> None:
        from ocr import engines, orientation, paper, quality, repair, stamps

        self._engine = engines.create(name, languages.split("+"), page_seconds)
        self._orientation = orientation
        self._paper = paper
        self._quality = quality
        self._repair = repair
        self._stamps = stamps

    def answer(self, request: messages.Request) -> messages.Response:
        import numpy as np

        if not isinstance(request, messages.Recognise):
            raise TypeError(f"The engine has no answer to {type(request).__name__}.")
        picture = np.load(request.path, allow_pickle=False)
        paper = self._paper.find_paper(picture)
        sheet = self._paper.flatten(picture, paper) if paper else picture
        image, words, turned = self._orientation.read_upright(self._engine, sheet, request.dpi)
        if paper and len(words) < FEWEST_WORDS:  # what was taken for the sheet is not what is printed
            paper = ()
            image, words, turned = self._orientation.read_upright(self._engine, picture, request.dpi)
        notices = list(self._quality.judge(image, words))
        height, width = image.shape[:2]
        words = self._repair.repair_words(self._stamps.read_below_stamps(self._engine, image, words, request.dpi))
        return messages.Recognised(self._engine.name, words, width, height, turned, paper, notices)


def limit(memory: int) -> None:
    """Raises nothing: what the kernel does not offer is left out."""
    if sys.argv[1] == "decoder":
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    else:  # OpenVINO reserves more than it fills: this stops a runaway, and the reader watches what is filled
        resource.setrlimit(resource.RLIMIT_DATA, (RESERVABLE * memory, RESERVABLE * memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (MAX_OPEN_FILES, MAX_OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")


def private_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output for messages alone: what a library prints goes to standard error."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return incoming, outgoing


def serve(worker: Worker, incoming: BinaryIO, outgoing: BinaryIO) -> None:
    while (request := messages.receive(incoming)) is not None:
        messages.send(outgoing, answer(worker, request))


def answer(worker: Worker, request: messages.Request) -> messages.Response:
    try:
        return worker.answer(request)
    except OcrError as error:
        return messages.Failed(type(error).__name__, str(error))
    except MemoryError:
        os._exit(1)  # what is left of this process is not worth keeping


def main() -> None:
    role, memory, *arguments = sys.argv[1:]
    incoming, outgoing = private_pipes()
    limit(int(memory))
    worker: Worker
    try:
        worker = Decoder() if role == "decoder" else Recogniser(arguments[0], arguments[1], float(arguments[2]))
    except OcrError as error:
        messages.send(outgoing, messages.Failed(type(error).__name__, str(error)))
        return
    messages.send(outgoing, messages.Done())
    serve(worker, incoming, outgoing)


if __name__ == "__main__":
    main()
