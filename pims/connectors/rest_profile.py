"""Any system with a JSON interface that a profile describes (`pims.profiles`).

What such a system does with a filter that it does not know, nobody can tell: every record is verified to carry the
number that was asked for.
"""

import base64
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec

from pims.connectors.base import (
    Access,
    Candidate,
    Found,
    Hints,
    InvoiceRef,
    Options,
    Secrets,
    Trial,
    attempt,
    settings_of,
)
from pims.errors import PimsConfigError, PimsError, PimsProtocolError
from pims.http import Http, Limits, Rate, Token
from pims.profiles import Answers, Profile, Step, load_profile, look, read_invoice, records_in
from pims.types import PimsInvoice, complete
from pims.values import text

MOST_SPELLINGS, MOST_PAGES, MOST_HITS = 3, 10, 3
TOKEN_SECONDS = 3600  # where the system does not say


class RestProfileOptions(Options, frozen=True):
    base_url: str
    profile: dict[str, Any] = {}
    """Written on a page of its own, where it is tried on a sample."""


class RestProfileSecrets(Secrets, frozen=True):
    token: str = ""
    """The key of a header, or the bearer token."""
    username: str = ""
    password: str = ""
    client_id: str = ""
    client_secret: str = ""


class RestProfileConnector:
    label = "Other system, by a profile"
    Options = RestProfileOptions
    Secrets = RestProfileSecrets

    def __init__(self, access: Access) -> None:
        self._access, self._site = access, access.site
        options = settings_of(RestProfileOptions, access.options)
        self._secrets = settings_of(RestProfileSecrets, access.secrets)
        if not options.profile:
            raise PimsConfigError("The connection has no profile yet: write one and try it on a sample.")
        self._profile = load_profile(options.profile)
        has_token = self._profile.auth.kind == "oauth2"
        self._http = Http(
            options.base_url,
            access.transport,
            limits=Limits(total=Rate(self._profile.rate_per_minute, 60)),
            headers=headers_of(self._profile, self._secrets),
            fetch_token=self._fetch_token if has_token else None,
        )

    def close(self) -> None:
        self._http.close()

    def search(self, ref: InvoiceRef) -> Found:
        warnings: tuple[str, ...] = ()
        for number in ref.spellings[:MOST_SPELLINGS]:
            records = self._records(self._profile.find, {"number": number})
            matching = [record for record in records if ref.matches(text(look(self._profile.verify, record)))]
            if matching:
                return Found(tuple(map(self._candidate, matching[:MOST_HITS])), warnings)
            if records:  # the filter was not heeded
                warnings = ("number_filter_unsupported",)
        return Found((), warnings)

    def search_alike(self, hints: Hints, customer_ids: Collection[str]) -> Found:
        step, day = self._profile.alike, hints.issue_date
        if step is None or day is None:
            return Found()
        given = {"date": day.isoformat(), "next_day": (day + timedelta(days=1)).isoformat()}
        found: list[Candidate] = []
        for customer_id in customer_ids:
            records = self._records(step, given | {"customer": customer_id})
            alike = (self._candidate(record) for record in records)
            found += [replace(candidate, matched_on="customer and day") for candidate in alike]
        return Found(tuple(candidate for candidate in found if candidate.customer_id in customer_ids))

    def fetch(self, candidate: Candidate) -> PimsInvoice:
        invoice = self._read(candidate.source, candidate.source_id, candidate.customer_id)
        if invoice.invoice_number != candidate.number:
            raise PimsProtocolError("invoice", "another invoice than the one that was found was returned.")
        origin = replace(
            invoice.origin,
            connector="rest_profile",
            matched_on=candidate.matched_on,
            fetched_at=self._access.now(),
        )
        return complete(replace(invoice, origin=origin), self._access.today())

    def check(self) -> Iterator[Trial]:
        yield attempt("Sign in and ask for an invoice", lambda: self._records(self._profile.find, {"number": "1"}))

    # --- calls --------------------------------------------------------------------------------------------------------

    def _candidate(self, record: Any) -> Candidate:
        """Of a record as the list has it; what the list does not show yet is unknown."""
        inside = {"invoice": record, "customer": None}
        profile = without_lists(self._profile)
        number = text(look(self._profile.verify, record)) or ""
        try:
            invoice = read_invoice(profile, Answers(record), self._site.time_zone, self._site.currency)
        except PimsError:  # the list shows less than the record has
            source_id = self._text_of("sourceId", inside) or number
            invoice = self._read(record, source_id, self._text_of("customer.id", inside))
        return Candidate(
            number=invoice.invoice_number,
            source_id=invoice.source_id or number,
            customer_id=invoice.customer.id,
            invoice_date=invoice.invoice_date,
            total=invoice.total,
            customer_name=invoice.customer.name,
            matched_on=self._profile.verify,
            source=record,
        )

    def _text_of(self, name: str, inside: Any) -> str | None:
        entry = self._profile.fields.get(name)
        return None if entry is None else text(look(entry if isinstance(entry, str) else entry.path, inside))

    def _read(self, record: Any, source_id: str, customer_id: str | None) -> PimsInvoice:
        given = {"id": source_id, "number": text(look(self._profile.verify, record)) or ""}
        invoice = self._one(self._profile.detail, given) or record
        customer = self._one(self._profile.customer, given | {"customer": customer_id or ""}) if customer_id else None
        answers = Answers(
            invoice, customer, self._all(self._profile.lines, given), self._all(self._profile.payments, given)
        )
        return read_invoice(self._profile, answers, self._site.time_zone, self._site.currency)

    def _one(self, step: Step | None, given: dict[str, str]) -> Any:
        return next(iter(self._records(step, given)), None) if step is not None else None

    def _all(self, step: Step | None, given: dict[str, str]) -> list[Any] | None:
        return self._records(step, given) if step is not None else None

    def _records(self, step: Step, given: dict[str, str]) -> list[Any]:
        """The records of all pages, of at most ten."""
        paging = step.paginate
        answer = self._ask(step, given, {} if paging is None else self._page_params(step, 0, 0))
        found = records_in(step.select, answer)
        if paging is None:
            return found
        page, seen = 1, set[str]()
        while page < MOST_PAGES:
            if paging.kind == "next":
                url = text(look(paging.link, answer))
                if not url or url in seen:
                    break
                seen.add(url)
                answer = self._http.get_link(url, endpoint=step.path, permission=step.path)
            elif len(found) < page * paging.size:
                break
            else:
                answer = self._ask(step, given, self._page_params(step, page, len(found)))
            more = records_in(step.select, answer)
            if not more:
                break
            found += more
            page += 1
        return found

    def _page_params(self, step: Step, page: int, count: int) -> dict[str, Any]:
        paging = step.paginate
        assert paging is not None
        size = {paging.size_param: paging.size} if paging.size_param else {}
        if paging.kind == "next":
            return size
        return size | {paging.param: paging.first + page if paging.kind == "page" else count}

    def _ask(self, step: Step, given: dict[str, str], params: dict[str, Any]) -> Any:
        query = {name: fill(value, given) for name, value in step.query.items()} | params
        if step.method == "GET":
            return self._http.get(step.path.lstrip("/"), query, permission=step.path, **dict[str, Any](given))
        body = {name: fill(value, given) for name, value in step.body.items()}
        return self._http.post(step.path.lstrip("/"), body, params=query, permission=step.path, **dict[str, Any](given))

    def _fetch_token(self) -> Token:
        auth, secrets = self._profile.auth, self._secrets
        data = {"grant_type": "client_credentials"} | ({"scope": auth.scope} if auth.scope else {}) | auth.extra
        pair = (secrets.client_id, secrets.client_secret)
        if auth.in_body:
            data |= {"client_id": pair[0], "client_secret": pair[1]}
        answer = self._http.post_credentials(auth.token_url, data, auth=None if auth.in_body else pair)
        if not isinstance(answer.get("access_token"), str):
            raise PimsProtocolError("token.access_token", "the value is missing.", map(str, answer))
        told = text(answer.get("expires_in")) or ""
        seconds = int(told) if told.isdigit() else TOKEN_SECONDS
        return Token(answer["access_token"], self._access.now() + timedelta(seconds=seconds))


def without_lists(profile: Profile) -> Profile:
    """The profile without its lines and payments: what the list of invoices shows."""
    return msgspec.structs.replace(profile, lines_in="", payments_in="")


def headers_of(profile: Profile, secrets: RestProfileSecrets) -> dict[str, str]:
    match profile.auth.kind:
        case "header":
            return {profile.auth.header: secrets.token}
        case "bearer":
            return {"Authorization": f"Bearer {secrets.token}"}
        case "basic":
            pair = f"{secrets.username}:{secrets.password}".encode()
            return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
        case _:
            return {}


def fill(template: str, given: dict[str, str]) -> str:
    """The text with {number} and its like filled in; nothing else in it is looked at."""
    for name, value in given.items():
        template = template.replace(f"{{{name}}}", value)
    return template


CONNECTOR = RestProfileConnector
