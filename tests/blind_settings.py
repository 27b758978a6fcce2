"""The service's settings, but nothing is recognised: for trials of everything around it."""

from invoicedata.settings import *  # noqa: F403

OCR_ENGINE = "tests.ocr.engines:BlindEngine"
