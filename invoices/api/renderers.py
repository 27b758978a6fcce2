from collections.abc import Mapping
from typing import Any

import msgspec
from rest_framework.renderers import BaseRenderer

from invoices import jsontext


class JsonRenderer(BaseRenderer):
    """JSON in which amounts keep their two decimals. Text is taken for JSON that was stored, and sent as it is."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return jsontext.encode(msgspec.Raw(data.encode()) if isinstance(data, str) else data)
