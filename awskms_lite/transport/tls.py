"""Whom to trust: the TLS contexts, and what to do where the other side cannot prove who it is."""

import os
import ssl
from pathlib import Path

import certifi
import httpx

from ..errors import ConfigurationError
from ..loading import loading

_PRELOADED = certifi  # which httpx loads with the first context: see `loading`
_ENVIRONMENT = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class TrustedRoots:
    """The TLS contexts, made when first needed: reading the roots takes longer than many a call.

    `trust_env` says whether SSL_CERT_FILE, SSL_CERT_DIR and the proxy variables of this process count; a
    `ca_bundle`, the path of a file or directory of certificates, replaces the roots.
    """

    def __init__(self, trust_env: bool, ca_bundle: str | None) -> None:
        self.trust_env = trust_env
        self._ca_bundle = ca_bundle
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, scheme: str) -> ssl.SSLContext:
        """Return the context for a scheme. The one for http trusts no root: should it be used, it fails."""
        context = self._contexts.get(scheme)
        if context is None:
            with loading:  # OpenSSL too would leave its locks held in a child that is forked meanwhile
                context = self._load() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._contexts[scheme] = context
        return context

    @property
    def source(self) -> str | None:
        """What the user named the roots by, a path or a variable; None where they are those of httpx."""
        if self._ca_bundle is not None:
            return self._ca_bundle
        named = (name for name in _ENVIRONMENT if os.environ.get(name))
        return next((f"{os.environ[name]} ({name})" for name in named), None) if self.trust_env else None

    def _load(self) -> ssl.SSLContext:
        reason = ""
        try:
            context = self._open()
        except (OSError, ValueError) as error:  # ValueError for a path that none can be
            reason = getattr(error, "strerror", None) or "it is no path"
        else:
            if self.source is not None:
                # RFC 5280 asks roots for more than many a company's root has, and Python 3.13 insists on it. The
                # user trusts these, and OpenSSL would take them: so do we.
                context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            return context
        where = self._ca_bundle or "that SSL_CERT_FILE or SSL_CERT_DIR names"
        raise ConfigurationError(
            f"The CA bundle {where!a} cannot be used ({reason}): set AWS_CA_BUNDLE, ca_bundle in the profile, or "
            "SSL_CERT_FILE to a file of PEM certificates."
        )

    def _open(self) -> ssl.SSLContext:
        if self._ca_bundle is None:
            return httpx.create_ssl_context(trust_env=self.trust_env)
        bundle = Path(self._ca_bundle)
        if bundle.is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle)
