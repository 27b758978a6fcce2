import re
import uuid

from invoicedata.identifiers import new_id


def test_an_id_is_its_prefix_and_a_uuid_of_version_7() -> None:
    identifier = new_id("inv")
    assert re.fullmatch(r"inv_[0-9a-f]{32}", identifier)
    parsed = uuid.UUID(identifier.removeprefix("inv_"))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_ids_do_not_repeat() -> None:
    assert len({new_id("inv") for _ in range(10_000)}) == 10_000
