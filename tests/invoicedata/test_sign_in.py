"""How staff get in: with a second factor where it is set up or demanded, and not by trying."""

import io
import re
import time

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django.fixtures import Settings

from invoicedata.models import Event
from invoicedata.sign_in import ATTEMPTS

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
TWO_FACTOR = "/admin/two-factor/"


@pytest.fixture(autouse=True)
def _passwords_are_checked_quickly(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada() -> User:
    return User.objects.create_superuser("ada", password=PASSWORD)


def sign_in(client: Client, code: str = "", password: str = PASSWORD) -> int:
    return client.post(
        "/admin/login/?next=/admin/", {"username": "ada", "password": password, "code": code}
    ).status_code


def code_now(step: int = 0) -> str:
    """What the app shows now, or some half minutes later: a code is good once."""
    return f"{totp(TOTPDevice.objects.get().bin_key, t0=-30 * step):06d}"


def set_up(client: Client) -> list[str]:
    """The recovery codes."""
    client.get(TWO_FACTOR)
    page = client.post(TWO_FACTOR, {"code": code_now()}).content.decode()
    return re.findall(r"^([a-z2-7]{8})$", re.sub(r"<[^>]+>", "\n", page), re.MULTILINE)


def test_without_a_second_factor_the_password_is_enough(client: Client, ada: User) -> None:
    assert sign_in(client) == 302
    assert client.get("/admin/").status_code == 200


def test_with_one_the_password_alone_is_not(client: Client, ada: User) -> None:
    client.force_login(ada)
    assert len(set_up(client)) == 10
    other = Client()
    assert sign_in(other) == sign_in(other, "000000") == 200
    assert other.get("/admin/").status_code == 302
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    assert sign_in(other, code_now(step=1)) == 302
    assert other.get("/admin/").status_code == 200
    assert Event.objects.filter(action="staff.signed_in", data__second_factor=True).exists()


def test_a_recovery_code_is_good_once(client: Client, ada: User) -> None:
    client.force_login(ada)
    code = set_up(client)[0]
    assert sign_in(Client(), code) == 302
    assert sign_in(Client(), code) == 200


def test_the_picture_and_the_key_are_shown_until_they_are_confirmed(client: Client, ada: User) -> None:
    client.force_login(ada)
    first, second = (client.get(TWO_FACTOR).content.decode() for _ in range(2))
    key = re.search(r"<code>([A-Z2-7 ]+)</code>", first)
    assert key and key[1] in second and "data:image/svg+xml" in first
    assert "not the code" in client.post(TWO_FACTOR, {"code": "000000"}).content.decode()
    TOTPDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    set_up(client)
    assert key[1] not in client.get(TWO_FACTOR).content.decode()
    assert client.get(TWO_FACTOR)["Cache-Control"].endswith("private")


def test_it_is_taken_away_with_a_code_only(client: Client, ada: User) -> None:
    client.force_login(ada)
    recovery = set_up(client)
    client.post(TWO_FACTOR, {"action": "remove", "code": "nonsense"})
    assert TOTPDevice.objects.filter(confirmed=True).exists()
    StaticDevice.objects.update(throttling_failure_count=0, throttling_failure_timestamp=None)
    client.post(TWO_FACTOR, {"action": "remove", "code": recovery[0]})
    assert not TOTPDevice.objects.exists()
    assert Event.objects.filter(action="staff.second_factor_removed", actor=ada).exists()
    assert sign_in(Client()) == 302


def test_an_operator_takes_it_away(client: Client, ada: User) -> None:
    client.force_login(ada)
    set_up(client)
    out = io.StringIO()
    call_command("reset_two_factor", "ada", stdout=out)
    assert "was removed" in out.getvalue()
    assert sign_in(Client()) == 302


def test_where_it_is_demanded_staff_are_led_to_it(client: Client, ada: User, settings: Settings) -> None:
    settings.STAFF_TWO_FACTOR = "required"
    assert sign_in(client) == 302
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain[-1][0] == TWO_FACTOR
    assert "asks everybody" in page.content.decode()
    assert client.get("/api/invoices").status_code == 403
    set_up(client)
    assert client.get("/admin/").status_code == 200
    assert client.get("/api/invoices").status_code == 200


def test_only_staff_set_one_up(client: Client) -> None:
    assert client.get(TWO_FACTOR).status_code == 302
    client.force_login(User.objects.create_user("guest"))
    assert client.get(TWO_FACTOR).status_code == 302
    assert not TOTPDevice.objects.exists()


def test_trying_ends(client: Client, ada: User) -> None:
    for _ in range(ATTEMPTS):
        assert sign_in(client, password="wrong") == 200
    response = client.post("/admin/login/", {"username": "ADA", "password": PASSWORD})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 900
    assert "Too many attempts" in response.content.decode()
    assert sign_in(Client(REMOTE_ADDR="192.0.2.7")) == 302  # somebody else's tries lock nobody out


def test_a_new_quarter_of_an_hour_begins_anew(client: Client, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(ATTEMPTS + 1):
        sign_in(client, password="wrong")
    later = time.time() + 900
    monkeypatch.setattr("invoicedata.limits.time.time", lambda: later)
    assert sign_in(client) == 302
