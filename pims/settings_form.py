"""The form of a connection: what its connector can be told, and its credentials, which are never shown again."""

import json
from typing import Any, Literal, get_args, get_origin

import msgspec
from django import forms

from pims.access import read_secrets
from pims.connectors import get_connector
from pims.connectors.base import settings_of
from pims.errors import PimsConfigError
from pims.models import Connection

OPTION, SECRET = "option_", "secret_"


class IndentedJSON(json.JSONEncoder):
    """As a person writes it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs | {"indent": 2})


class ProfileForm(forms.Form):
    """A profile and the sample that it is tried on, both JSON."""

    profile = forms.JSONField(
        encoder=IndentedJSON,
        widget=forms.Textarea(attrs={"rows": 26, "spellcheck": "false", "class": "code"}),
        help_text="Where to ask, and in JMESPath where the values stand in the answers; see the documentation.",
    )
    sample = forms.JSONField(
        encoder=IndentedJSON,
        widget=forms.Textarea(attrs={"rows": 26, "spellcheck": "false", "class": "code"}),
        help_text='An answer of the system, or one of each step: {"find": …, "lines": …}. It is not stored.',
    )


class ConnectionForm(forms.ModelForm):
    """A field for each option and each credential of the connection's kind, once that is chosen."""

    class Meta:
        model = Connection
        fields = ("mga", "name", "kind", "practice_name", "time_zone", "currency", "enabled")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            return
        self.fields["kind"].disabled = True
        for name, field in own_fields(self.instance).items():
            self.fields[name] = field

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.instance.pk is None or self.errors:
            return cleaned
        connector = get_connector(self.instance.kind)
        options = dict(self.instance.options)
        for entry in plain_options(self.instance.kind):
            value = cleaned.get(OPTION + entry.name)
            options.pop(entry.name, None)
            if value not in ("", None, entry.default):
                options[entry.name] = value
        secrets = known_secrets(self.instance)
        secrets |= {
            name.removeprefix(SECRET): str(cleaned[name]).strip()
            for name in self.fields
            if name.startswith(SECRET) and cleaned.get(name)
        }
        for kind, values in ((connector.Options, options), (connector.Secrets, secrets)):
            try:
                settings_of(kind, values)
            except PimsConfigError as error:
                self.add_error(None, str(error))
        self.instance.options, self.instance.secrets = options, json.dumps(secrets) if secrets else ""
        return cleaned


def own_fields(connection: Connection) -> dict[str, forms.Field]:
    """The options and credentials of the connection's kind, as form fields by prefixed name."""
    connector = get_connector(connection.kind)
    found: dict[str, forms.Field] = {}
    for entry in plain_options(connection.kind):
        found[OPTION + entry.name] = option_field(entry, connection.options.get(entry.name, entry.default))
    known = known_secrets(connection)
    for entry in msgspec.structs.fields(connector.Secrets):
        is_known = bool(known.get(entry.name))
        found[SECRET + entry.name] = forms.CharField(
            label=label_of(entry.name),
            required=not is_known and entry.required,
            widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
            help_text="Stored, encrypted, and shown to nobody. Blank: it stays." if is_known else "",
        )
    return found


def plain_options(kind: str) -> list[msgspec.structs.FieldInfo]:
    """Without those that have a page of their own, such as a profile."""
    return [
        entry for entry in msgspec.structs.fields(get_connector(kind).Options) if get_origin(entry.type) is not dict
    ]


def option_field(entry: msgspec.structs.FieldInfo, value: Any) -> forms.Field:
    common: dict[str, Any] = {"label": label_of(entry.name), "required": False, "initial": value}
    if entry.type is bool:
        return forms.BooleanField(**common)
    if entry.type is int:
        return forms.IntegerField(min_value=0, **common)
    if get_origin(entry.type) is Literal:
        return forms.ChoiceField(choices=[(name, name) for name in get_args(entry.type)], **common)
    return forms.CharField(**common)


def known_secrets(connection: Connection) -> dict[str, str]:
    try:
        return read_secrets(connection)
    except PimsConfigError:
        return {}


def label_of(name: str) -> str:
    return name.replace("_", " ").capitalize().replace("Id", "id").replace("Api", "API").replace("url", "URL")
