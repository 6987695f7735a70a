"""Make the clients of the providers that the settings name."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping

from core.domain.identity.sign_in_providers import decode_providers, is_usable_page
from core.infra.openid.provider_client import ProviderClient
from core.ports.outside import Outside
from core.settings import MissingSettingError, Settings


def callback_address(settings: Settings, provider: str) -> str:
    """Where a provider leads back to.

    Each has its own, so that one cannot answer for another (RFC 9700, 4.4).
    """
    return f"{settings.public_address}/v1/auth/providers/{provider}/callback"


def open_providers(
    settings: Settings,
    outside: Outside,
    *,
    clock: Callable[[], dt.datetime],
    monotonic: Callable[[], float] = time.monotonic,
) -> Mapping[str, ProviderClient]:
    """Name → client of each provider. Raises MissingSettingError for a file or a page that is not usable."""
    rules = settings.sign_in
    for page in rules.return_pages:
        if not is_usable_page(page):
            name = "CLIPSTREAM_SIGN_IN_RETURN_PAGES"
            raise MissingSettingError(
                f"{name} is not usable: {page!r} is not an https address without query and fragment"
            )
    if rules.providers_file is None:
        return {}
    try:
        providers = decode_providers(rules.providers_file.read_bytes(), rules.provider_secrets)
    except OSError as error:
        raise MissingSettingError(f"CLIPSTREAM_SIGN_IN_PROVIDERS_FILE is not usable: {error.strerror}") from None
    except ValueError as error:
        names = "CLIPSTREAM_SIGN_IN_PROVIDERS_FILE, CLIPSTREAM_SIGN_IN_PROVIDER_SECRETS"
        raise MissingSettingError(f"{names}: {error}") from None
    return {
        name: ProviderClient(
            provider,
            secret,
            outside,
            redirect_uri=callback_address(settings, name),
            monotonic=monotonic,
            now_s=lambda: clock().timestamp(),
        )
        for name, (provider, secret) in providers.items()
    }
