"""The reader: a file in, a `Reading` out. The work is done by two child processes that can be killed and replaced.

file ─▶ decoder: open, text layer ─▶ words ──────────────────────────┐
                 or picture ─▶ engine: upright, recognised ─▶ words ─┼▶ decoder: documents and their values
                 e-invoices attached ─▶ stated values ───────────────┘
"""

import contextlib
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ocr import messages
from ocr.errors import (
    EngineUnavailableError,
    FileNotOpenError,
    NothingLegibleError,
    OcrError,
    ReaderBusyError,
    ReaderCrashedError,
    ReadTimeoutError,
    rebuild,
)
from ocr.options import RESERVABLE, ReaderOptions
from ocr.pages import XML, PageFacts
from ocr.types import Cut, DocumentReading, Method, Page, Reading

if TYPE_CHECKING:
    from ocr.templates import Template

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 60.0  # for a child to be ready; OpenVINO compiles its models
INSPECT_SECONDS = 20.0
EXTRACT_SECONDS = 10.0  # for attachments; of 10 MB of XML 1 s
WATCH_SECONDS = 0.1  # between two looks at the clock and at the child's memory
FULL = 0.75  # of its memory, at which an engine is replaced before it reads another page
HALF_RESERVED = RESERVABLE / 2  # times its memory; likewise. At its limit OpenVINO goes on, and reads wrong words
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
STATELESS = (messages.Open, messages.Recognise, messages.Decide)  # need nothing that was asked before
FOLDER_PREFIX = "reader-"
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TESSDATA_PREFIX", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV")
ONE_THREAD = ("OMP_NUM_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


FindTemplates = Callable[[tuple[Page, ...]], Sequence["Template"]]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a quick look at a file tells."""

    media_type: str
    pages: tuple[PageFacts, ...]


class Child:
    """A process of `ocr.child`, started when it is first asked and replaced after it died."""

    def __init__(self, folder: Path, memory: int, role: str, *arguments: str) -> None:
        self._folder = folder
        self._memory = memory
        self._role = role
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.answered = 0

    def ask(self, request: messages.Request, seconds: float) -> Any:
        """The response, within `seconds` of wall time after the child is ready.

        A child that had answered before and is gone may have died of something else than this request, which is then
        asked again of a fresh one. Raises the error that the child reports, ReadTimeoutError (the child is killed) or
        ReaderCrashedError.
        """
        was_warm = self.answered > 0
        try:
            return self._ask(request, seconds)
        except ReaderCrashedError:
            if not was_warm or not isinstance(request, STATELESS):
                raise
            return self._ask(request, seconds)

    def _ask(self, request: messages.Request, seconds: float) -> Any:
        self.start()
        process = self._process
        assert process is not None and process.stdin is not None
        try:
            messages.send(process.stdin, request)
            response = self._receive(seconds)
        except (BrokenPipeError, EOFError, msgspec.DecodeError) as error:
            self.kill()
            raise ReaderCrashedError from error
        except ReadTimeoutError:
            self.kill()
            raise
        self.answered += 1
        if isinstance(response, messages.Failed):
            raise rebuild(response.error, response.message)
        return response

    def start(self) -> None:
        """Starts the process unless it runs. Raises the error that keeps it from starting."""
        if self._process is None or self._process.poll() is not None:
            self._start()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def is_worn(self) -> bool:
        """Whether so much was kept from earlier pages that the next one had better be read by a fresh process."""
        resident, reserved = memory_of(self.pid) if self.pid else (0, 0)
        return resident > FULL * self._memory or reserved > HALF_RESERVED * self._memory

    def kill(self) -> None:
        """Ends the process and everything it started."""
        process, self._process = self._process, None
        self.answered = 0
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _start(self) -> None:
        self.kill()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ocr.child", self._role, str(self._memory), *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=PROJECT,
            env=child_environment(self._folder),
            start_new_session=True,
        )
        try:
            response = self._receive(START_SECONDS)
        except (EOFError, ReadTimeoutError, msgspec.DecodeError) as error:
            self.kill()
            raise ReaderCrashedError from error
        if isinstance(response, messages.Failed):
            self.kill()
            raise rebuild(response.error, response.message)

    def _receive(self, seconds: float) -> messages.Response:
        deadline = time.monotonic() + seconds
        length = int.from_bytes(self._read(messages.LENGTH_BYTES, deadline, seconds), "big")
        if length > messages.MAX_MESSAGE_BYTES:
            raise EOFError
        body = self._read(length, deadline, seconds)
        return msgspec.msgpack.decode(body, type=messages.Response)

    def _read(self, count: int, deadline: float, seconds: float) -> bytes:
        assert self._process is not None and self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        found = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while len(found) < count:
                if not selector.select(WATCH_SECONDS):
                    if time.monotonic() > deadline:
                        raise ReadTimeoutError(seconds)
                    if memory_of(self._process.pid)[0] > self._memory:
                        raise EOFError
                    continue
                part = os.read(descriptor, count - len(found))
                if not part:
                    raise EOFError
                found += part
        return bytes(found)


def memory_of(pid: int) -> tuple[int, int]:
    """Bytes that a process fills, and that it has reserved for data; 0 when it is gone."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_text().split()
        return int(pages[1]) * PAGE_BYTES, int(pages[5]) * PAGE_BYTES
    except (OSError, IndexError):
        return 0, 0


def child_environment(folder: Path) -> dict[str, str]:
    """Nothing of ours but what a program needs to run: no secrets, one thread, a temporary folder of its own."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return kept | dict.fromkeys(ONE_THREAD, "1") | {"TMPDIR": str(folder), "HOME": str(folder)}


class Reader:
    """Reads one file after the other. Not for use by several threads at a time.

    Its children start when they are first needed, and stop with `close()` or with this process.
    """

    def __init__(self, options: ReaderOptions | None = None) -> None:
        self.options = options or ReaderOptions()
        sweep_folders()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-"))
        self._decoder = Child(self._folder, self.options.decoder_memory, "decoder")
        self._engines = [self._engine(name) for name in engine_names(self.options.engine)]

    def __enter__(self) -> "Reader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def warm(self) -> None:
        """Starts the children now, so that the first document does not wait for them. An engine that is missing is
        told when it is asked."""
        with contextlib.suppress(OcrError):
            self._decoder.start()
            self._engines[0].start()

    def close(self) -> None:
        for child in (self._decoder, *self._engines):
            child.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def read(self, path: Path, find_templates: FindTemplates | None = None, cuts: Sequence[Cut] = ()) -> Reading:
        """Everything that can be read from the file. Raises a subclass of OcrError, whatever the file holds.

        find_templates: asked, once the words are known, for what is known of suppliers that the pages may be from.
        cuts: as a person cut the file; by default it is cut where the pages say so.
        """
        started = time.monotonic()
        deadline = started + self.options.document_seconds
        stages: dict[str, float] = defaultdict(float)
        with _timed(stages, "load"):
            opened = self._open(path, deadline)
        pages = tuple(self._read_page(number, deadline, stages) for number in range(1, opened.page_count + 1))
        with _timed(stages, "load"):
            attached = self._extract(opened.media_type, deadline)
        if not any(page.words for page in pages) and not attached.documents:
            raise NothingLegibleError
        with _timed(stages, "decide"):
            if opened.media_type == XML:  # its pages were made of its values: there is nothing to decide
                documents = tuple(messages.decode_document(document) for document in attached.documents)
            else:
                documents = self._decide(pages, attached, find_templates(pages) if find_templates else (), cuts)
        return Reading(pages, documents, time.monotonic() - started, stages)

    def _extract(self, media_type: str, deadline: float) -> messages.Extracted:
        """The e-invoices in the open file. Whatever those of a PDF do to the child, its pages remain."""
        try:
            seconds = min(EXTRACT_SECONDS, self._seconds_left(deadline))
            found: messages.Extracted = self._ask_of_file(messages.Extract(), seconds)
        except (ReadTimeoutError, ReaderCrashedError):
            if media_type == XML:
                raise
            return messages.Extracted([], "unreadable")
        return found

    def decide(
        self, pages: tuple[Page, ...], find_templates: FindTemplates | None = None, cuts: Sequence[Cut] = ()
    ) -> tuple[DocumentReading, ...]:
        """The documents that stand on pages that were read before; of a file without e-invoices. As `read` has it."""
        found = find_templates(pages) if find_templates else ()
        return self._decide(pages, messages.Extracted([], ""), found, cuts)

    def _decide(
        self,
        pages: tuple[Page, ...],
        attached: messages.Extracted,
        templates: Sequence["Template"],
        cuts: Sequence[Cut] = (),
    ) -> tuple[DocumentReading, ...]:
        known = [msgspec.json.encode(template) for template in templates]
        request = messages.Decide(list(pages), attached.documents, attached.problem, known, list(cuts))
        decided = self._decoder.ask(request, self.options.page_seconds)
        return tuple(messages.decode_document(document) for document in decided.documents)

    def inspect(self, path: Path) -> FileFacts:
        """A quick look, without recognising anything: type, number of pages, size and resolution of each."""
        opened = self._open(path, time.monotonic() + INSPECT_SECONDS)
        facts = self._ask_of_file(messages.Inspect(), INSPECT_SECONDS)
        return FileFacts(opened.media_type, tuple(facts.pages))

    def render(
        self,
        path: Path,
        number: int,
        width: int,
        turned: int = 0,
        paper: tuple[float, ...] = (),
        suffix: str = ".jpg",
    ) -> bytes:
        """A picture of page `number` (from 1), `width` pixels wide, laid flat and turned as it was read (`ocr.Page`): a
        JPEG, or a PNG (`suffix` ".png") for what is to be recognised."""
        self._open(path, time.monotonic() + INSPECT_SECONDS)
        with self._scratch(suffix) as target:
            rendering = messages.Render(number, width, turned, str(target), paper)
            self._ask_of_file(rendering, self.options.page_seconds)
            return target.read_bytes()

    def _open(self, path: Path, deadline: float) -> messages.Opened:
        seconds = min(self.options.page_seconds, max(deadline - time.monotonic(), 0.0))
        path.stat()  # a missing file is the caller's OSError, not the child's crash
        self._opening = messages.Open(str(path.resolve()), self.options.max_pages)
        opened: messages.Opened = self._decoder.ask(self._opening, seconds)
        return opened

    def _ask_of_file(self, request: messages.Request, seconds: float) -> Any:
        """Of the file that is open. Where the child that had opened it has died meanwhile, the new one opens it again:
        that is not the file's fault."""
        try:
            return self._decoder.ask(request, seconds)
        except FileNotOpenError:
            self._decoder.ask(self._opening, seconds)
            return self._decoder.ask(request, seconds)

    def _read_page(self, number: int, deadline: float, stages: dict[str, float]) -> Page:
        with self._scratch(".npy") as target:
            with _timed(stages, "load"):
                load = messages.Load(number, str(target), self.options.text_layer)
                loaded = self._ask_of_file(load, self._seconds_left(deadline))
            if isinstance(loaded, messages.Loaded):
                return loaded.page
            with _timed(stages, "recognise"):
                found = self._recognise(messages.Recognise(str(target), loaded.dpi), deadline)
        return Page(
            number=number,
            width=found.width,
            height=found.height,
            words=tuple(found.words),
            method=Method.OCR,
            engine=found.engine,
            dpi=loaded.dpi,
            turned=(loaded.turned + found.turned) % 360,
            paper=found.paper,
            notices=tuple(found.notices),
        )

    def _recognise(self, request: messages.Recognise, deadline: float) -> messages.Recognised:
        """By the first engine that works: a crash or a time-out of one is the next one's turn."""
        failure: OcrError = ReaderCrashedError()
        for engine in self._engines:
            if engine.answered >= self.options.recycle_pages or engine.is_worn:
                engine.kill()
            try:
                recognised: messages.Recognised = engine.ask(request, self._seconds_left(deadline))
                return recognised
            except EngineUnavailableError as error:
                failure = failure if isinstance(failure, ReadTimeoutError) else error
            except (ReadTimeoutError, ReaderCrashedError) as error:
                failure = error
        raise failure

    def _seconds_left(self, deadline: float) -> float:
        left = deadline - time.monotonic()
        if left <= 0:
            raise ReadTimeoutError(self.options.document_seconds)
        return min(self.options.page_seconds, left)

    def _engine(self, name: str) -> Child:
        languages, seconds = "+".join(self.options.languages), str(self.options.page_seconds)
        return Child(self._folder, self.options.engine_memory, "engine", name, languages, seconds)

    @contextlib.contextmanager
    def _scratch(self, suffix: str) -> Iterator[Path]:
        descriptor, name = tempfile.mkstemp(suffix=suffix, dir=self._folder)
        os.close(descriptor)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


@contextlib.contextmanager
def _timed(stages: dict[str, float], name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    stages[name] += time.monotonic() - started


def engine_names(choice: str) -> tuple[str, ...]:
    return ("rapidocr", "tesseract") if choice == "auto" else (choice,)


def sweep_folders() -> None:
    """Removes what readers left behind that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDER_PREFIX}*-*"):
        owner = folder.name.removeprefix(FOLDER_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)


_shared: dict[ReaderOptions, Reader] = {}
_lock = threading.RLock()


def read(
    path: Path,
    options: ReaderOptions | None = None,
    find_templates: FindTemplates | None = None,
    cuts: Sequence[Cut] = (),
) -> Reading:
    """Reads with this process's own reader, which stays warm between calls."""
    with shared_reader(options) as reader:
        return reader.read(path, find_templates, cuts)


@contextlib.contextmanager
def shared_reader(options: ReaderOptions | None = None, patience: float = -1) -> Iterator[Reader]:
    """This process's reader for these options, held by one thread at a time. Raises ReaderBusyError where others hold
    it for longer than `patience` seconds (-1: for ever)."""
    key = options or ReaderOptions()
    if not _lock.acquire(timeout=patience):
        raise ReaderBusyError
    try:
        if key not in _shared:
            _shared[key] = Reader(key)
        yield _shared[key]
    finally:
        _lock.release()
