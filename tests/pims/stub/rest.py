"""A system with an interface of its own, as the example profile describes it: a bearer token, `?number=`, pages."""

import re
from typing import Any

from pims.profiles import EXAMPLE_SAMPLE
from tests.pims.stub.server import Mount, Reply, Request


def invoice(**more: Any) -> dict[str, Any]:
    return dict(EXAMPLE_SAMPLE["find"]["data"][0]) | more


class RestMount(Mount):
    vendor = "rest_profile"
    path = "/api"

    def __init__(self, origin: str, prefix: str) -> None:
        super().__init__(origin, prefix)
        self.invoices = [
            invoice(id=76, number="V-2040", client={"id": 502, "first": "Jon", "last": "Other"}),
            invoice(),
        ]
        self.lines = list(EXAMPLE_SAMPLE["lines"]["data"])
        self.page_size = 100

    def endpoint(self, request: Request) -> str:
        found = re.search(r"/api/(token|invoices(?:/\d+/lines)?)$", request.path)
        return re.sub(r"/\d+/", "/{id}/", found[1]) if found else ""

    def answer(self, endpoint: str, request: Request) -> Reply:
        if endpoint == "token":
            return Reply(200, {"access_token": self.issue_token(), "expires_in": 600})
        if request.headers.get("authorization") not in ("Bearer secret", *(f"Bearer {token}" for token in self.tokens)):
            return Reply(401, {"error": "unauthorized"})
        if endpoint == "invoices/{id}/lines":
            return self.page(self.lines, request)
        if endpoint != "invoices":
            return Reply(404, {"error": "no such address"})
        wanted = request.params.get("number")
        found = [row for row in self.invoices if self.ignores_filters or wanted in (None, row["number"])]
        if day := request.params.get("day"):
            found = [row for row in found if row["issued_at"].startswith(day)]
        return self.page(found, request)

    def page(self, rows: list[dict[str, Any]], request: Request) -> Reply:
        number = int(request.params.get("page", "1"))
        start = (number - 1) * self.page_size
        more = start + self.page_size < len(rows)
        link = f"{self.base_url}/invoices/77/lines?page={number + 1}" if more else None
        return Reply(200, {"data": rows[start : start + self.page_size], "next": link})
