"""Which certificates are trusted: the TLS contexts, and what they take their roots from."""

import os
import ssl
from pathlib import Path

import certifi

from ..errors import ConfigurationError
from ..loading import loading

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")  # the first one that is set counts, as in httpx

_AWS_ROOTS = (
    "Starfield Root Certificate Authority - G2",
    "Starfield Services Root Certificate Authority - G2",
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
)
"""The roots that AWS signs with, by their labels in certifi's file: Amazon Trust Services' list of its roots."""
_END = "-----END CERTIFICATE-----\n"


def roots_variable() -> tuple[str, str] | None:
    """Return the variable of the environment that names the roots, and its value; None if they are certifi's."""
    return next(((name, value) for name in _VARIABLES if (value := os.environ.get(name))), None)


class TrustedRoots:
    """The TLS contexts, made when first needed: reading certifi's 130 roots takes longer than most calls.

    So the context for https begins with the six roots of certifi's that AWS signs with. Whoever meets another
    server, whose certificate those cannot vouch for, loads the others by `complete` and connects once more.

    With `trust_env` SSL_CERT_FILE, SSL_CERT_DIR and the proxy variables of this process count; a `ca_bundle`, the
    path of a file or directory of certificates, replaces all other roots.
    """

    def __init__(self, trust_env: bool, ca_bundle: str | None) -> None:
        self.trust_env = trust_env
        self._ca_bundle = ca_bundle
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.is_complete = True
        """Whether no root that is trusted is missing in the context for https, if there is one."""

    def context(self, scheme: str) -> ssl.SSLContext:
        """Return the context for a scheme. The one for http trusts no root, and would fail if it were used."""
        if scheme not in self._contexts:
            with loading:  # a child that is forked meanwhile would find OpenSSL's locks held, too
                if scheme not in self._contexts:
                    context = self._load() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                    self._contexts[scheme] = context
        return self._contexts[scheme]

    def complete(self) -> None:
        """Load the roots of certifi's that are missing, into the context for https that others use already."""
        with loading:
            context = self.context("https")
            if not self.is_complete:
                context.load_verify_locations(cafile=certifi.where())
                self.is_complete = True

    @property
    def source(self) -> str | None:
        """The path that the user took the roots from, with the variable that names it; None for certifi's."""
        if self._ca_bundle is not None:
            return self._ca_bundle
        variable = roots_variable() if self.trust_env else None
        return None if variable is None else "{1} ({0})".format(*variable)

    def _load(self) -> ssl.SSLContext:
        reason = ""
        try:
            context = self._open()
        except (OSError, ValueError) as error:  # ValueError for a path with a NUL
            reason = getattr(error, "strerror", None) or "it is not a path"
        else:
            if self.source is not None:
                # The roots of many companies lack what RFC 5280 asks for, and Python 3.13 refuses them. The user
                # trusts these, and OpenSSL by itself takes them: so do we.
                context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            return context
        name = self._ca_bundle or "that SSL_CERT_FILE or SSL_CERT_DIR names"
        raise ConfigurationError(
            f"The CA bundle {name!a} cannot be used ({reason}): set AWS_CA_BUNDLE, ca_bundle in the profile, or "
            "SSL_CERT_FILE to a file of PEM certificates."
        )

    def _open(self) -> ssl.SSLContext:
        if self._ca_bundle is not None:
            bundle = Path(self._ca_bundle)
            if bundle.is_dir():
                return ssl.create_default_context(capath=bundle)
            return ssl.create_default_context(cafile=bundle)
        match roots_variable() if self.trust_env else None:
            case "SSL_CERT_DIR", path:
                return ssl.create_default_context(capath=path)
            case _, path:
                return ssl.create_default_context(cafile=path)
            case None:
                return self._open_certifi()

    def _open_certifi(self) -> ssl.SSLContext:
        """Return a context that trusts AWS's roots, or all of certifi's if they cannot be told apart there."""
        path = Path(certifi.where())
        content = path.read_text("latin-1")  # which reads any comment
        of_aws = "".join(_certificate(content, label) for label in _AWS_ROOTS)
        if not of_aws:
            return ssl.create_default_context(cafile=path)
        self.is_complete = False
        return ssl.create_default_context(cadata=of_aws)


def _certificate(content: str, label: str) -> str:
    """Return the certificate that has a label in certifi's file, empty if there is none."""
    _, _, labelled = content.partition(f'# Label: "{label}"\n')
    certificate, end, _ = labelled.partition(_END)
    return certificate + end if end else ""
