"""The service's settings, with the view of `bench.bare` beside its addresses."""

from invoicedata.settings import *  # noqa: F403

ROOT_URLCONF = "bench.bare"
