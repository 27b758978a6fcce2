"""The record of what happened: append-only, in the transaction that made it happen."""

from invoicedata.events import record_event

__all__ = ["record_event"]
