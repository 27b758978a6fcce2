import re

import pytest
import yaml
from django.test import Client

pytestmark = pytest.mark.django_db  # requests are counted there


@pytest.fixture
def client() -> Client:
    return Client()


def test_the_documentation_runs_under_the_strict_policy(client: Client) -> None:
    response = client.get("/api/docs")
    assert response.status_code == 200
    page = response.content.decode()
    policy = response["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"(?:src|href)=\"(?!/)", page) == []


def test_its_script_comes_from_here(client: Client) -> None:
    response = client.get("/api/docs?script=")
    assert response["Content-Type"].startswith("application/javascript")
    assert b"SwaggerUIBundle" in response.content


@pytest.mark.parametrize("path", ["/api/schema", "/api/schema/"])
def test_the_schema_is_open(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 200
    assert yaml.safe_load(response.content)["openapi"].startswith("3.1")
