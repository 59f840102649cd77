"""Logging in through the city's identity provider (OpenID Connect Core 1.0), where the settings name one."""
