"""Settings of keys, logins and the audit log."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from base.sections.section import Section


class SecuritySettings(Section):
    """Keys, logins and the audit log (docs/security.md)."""

    key_file: Path | None = Field(
        None, description="what opens contact data, mode 0600; null: contact_keys.json in the data directory"
    )
    seal_files: bool = Field(
        True,
        description="recordings and attachments are sealed too; false: new files are plain (sealed ones are read)",
    )
    second_factor_roles: list[str] = Field(
        default_factory=list, description="roles that log in with a code of their telephone, e.g. [admin, leader]"
    )
    audit_days: int = Field(200, ge=183, description="the audit log keeps each entry at least so long")


class OidcSettings(Section):
    """Logging in through the city's identity provider (OpenID Connect); `issuer` empty: off."""

    issuer: str = Field("", description="as its description says it, e.g. https://sso.example.cn/realms/city")
    client_id: str = ""
    client_secret: str = Field("", description="empty: a public client, by PKCE alone", repr=False)
    scopes: str = "openid profile"
    label: str = Field("统一身份认证登录", description="what the button of the login page says")
    role_claim: str = Field("roles", description="a dot goes into a claim: realm_access.roles")
    roles: dict[str, str] = Field(
        default_factory=dict, description="value of that claim: role here, the first that fits; {12345-admin: admin}"
    )
    unit_claim: str = Field("", description="names the unit of whoever has the role unit")
    login_claim: str = "preferred_username"
    name_claim: str = "name"
