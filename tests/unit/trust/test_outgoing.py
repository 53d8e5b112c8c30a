"""Where outgoing calls may go: which names, which addresses (S9)."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from cds.trust.outgoing import AddressGuard, AddressRefused, Base, allowed, networks

EHR = Base.parse("https://ehr.example/fhir")


@pytest.mark.parametrize(
    ("written", "normalised"),
    [
        ("https://ehr.example/fhir", "https://ehr.example/fhir"),
        ("https://EHR.Example:443/fhir/", "https://ehr.example/fhir"),
        ("HTTPS://ehr.example", "https://ehr.example"),
        ("https://ehr.example:8443/R4/", "https://ehr.example:8443/R4"),
        ("http://127.0.0.1:80/fhir", "http://127.0.0.1/fhir"),
        ("http://[::1]:8080/fhir", "http://[::1]:8080/fhir"),
        ("http://hapi_1:8080/fhir", "http://hapi_1:8080/fhir"),
    ],
)
def test_equal_places_are_equal(written: str, normalised: str) -> None:
    assert str(Base.parse(written)) == normalised


ODD = [
    "",
    "ehr.example/fhir",
    "ftp://ehr.example/fhir",
    "https:///fhir",
    "https://user@ehr.example/fhir",
    "https://user:secret@ehr.example/fhir",
    "https://ehr.example@evil.example/fhir",
    "https://ehr.example\\@evil.example/fhir",
    "https://ehr.example#@evil.example/fhir",
    "https://ehr.example/fhir?x=1",
    "https://ehr.example/fhir?",
    "https://ehr.example/fhir#",
    "https://ehr.example/fhir/../admin",
    "https://ehr.example/fhir/.",
    "https://ehr.example/fhir/%2e%2e/admin",
    "https://ehr.example/fhir%2fadmin",
    "https://ehr.example/fh ir",
    "https://ehr .example/fhir",
    "https://ehr.example:99999/fhir",
    "https://ehr.example:secret/fhir",
    "https://secret℀.example/fhir",
    "https://éhr.example/fhir",
    "https://[::1/fhir",
    "https://ehr.example./fhir",
]


@pytest.mark.parametrize("url", ODD)
def test_an_odd_base_is_none(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as raised:
        Base.parse(url)
    assert "evil" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert allowed(url, [EHR]) is None


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://ehr.example/fhir", True),
        ("https://ehr.example/fhir/", True),
        ("https://EHR.example:443/fhir/tenant-1", True),
        ("https://ehr.example/fhirx", False),
        ("https://ehr.example/FHIR", False),
        ("https://ehr.example", False),
        ("https://ehr.example:8443/fhir", False),
        ("https://sub.ehr.example/fhir", False),
        ("https://ehr.example.evil.example/fhir", False),
        ("http://ehr.example/fhir", False),
    ],
)
def test_a_base_allows_itself_and_what_lies_below(url: str, may: bool) -> None:
    assert (allowed(url, [Base.parse("https://other.example"), EHR]) is not None) is may


def test_a_base_without_encryption_allows_itself_only() -> None:
    bases = [Base.parse("http://127.0.0.1:8080/fhir")]
    assert allowed("http://127.0.0.1:8080/fhir/", bases) == bases[0]
    assert allowed("http://127.0.0.1:8080/fhir/tenant", bases) is None


def test_an_empty_list_allows_nothing() -> None:
    assert allowed("https://ehr.example/fhir", []) is None


@pytest.mark.parametrize(
    ("link", "leads_to"),
    [
        ("https://ehr.example/fhir?_getpages=1&_bundletype=searchset", "?_getpages=1&_bundletype=searchset"),
        ("https://ehr.example:443/fhir/Condition?ct=a%2Bb%2F=", "/Condition?ct=a%2Bb%2F="),
        ("Condition?page=2", "/Condition?page=2"),
        ("/fhir/Condition?page=2", "/Condition?page=2"),
        ("https://ehr.example/fhir/Condition?page=2#top", "/Condition?page=2"),
        ("https://ehr.example/fhir/Condition/../Observation?page=2", None),
        ("https://evil.example/fhir?page=2", None),
        ("//evil.example/fhir?page=2", None),
        ("https://ehr.example@evil.example/fhir?page=2", None),
        ("https://token@ehr.example/fhir?page=2", None),
        ("http://ehr.example/fhir?page=2", None),
        ("https://ehr.example:8443/fhir?page=2", None),
        ("https://ehr.example/admin", None),
        ("https://ehr.example/fhir/../admin", None),
        ("https://ehr.example/fhir/%2e%2e/admin", None),
        ("/admin", None),
        ("../admin", None),
        ("https://ehr.example/fhir?a=b c", None),
        ("https://ehr.example/fhir?a=\x01", None),
        ("javascript:alert(1)", None),
        ("https://[::1/fhir", None),
    ],
)
def test_a_link_stays_below_the_base(link: str, leads_to: str | None) -> None:
    assert EHR.link(link) == (None if leads_to is None else f"{EHR}{leads_to}")


PIECES = [
    "https:",
    "http:",
    "//",
    "/",
    "ehr.example",
    "evil.example",
    "@",
    ":",
    "443",
    "\\",
    "fhir",
    "..",
    "%2e",
    "%2F",
    "?",
    "#",
]


@given(st.lists(st.sampled_from([*PIECES, "a", " ", "\t", "[", "]", "é", "&"])).map("".join))
def test_no_link_whatever_leads_out(link: str) -> None:
    """As the client's own parser reads it."""
    there = EHR.link(link)
    if there is not None:
        url = URL(there)
        assert (str(url.origin()), url.user) == (EHR.origin, None)
        assert url.path == "/fhir" or url.path.startswith("/fhir/")


@given(st.lists(st.sampled_from([*PIECES, "a", " ", "[", "]", "é"])).map("".join))
def test_no_server_whatever_is_mistaken_for_an_allowed_one(url: str) -> None:
    base = allowed(url, [EHR])
    if base is not None:
        assert (URL(str(base)).host, URL(url).host) == ("ehr.example", "ehr.example")


PUBLIC = ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.0.2.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:a00:1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:7f00:1::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
    "not an address",
    "",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_may_be_called_with_encryption(address: str) -> None:
    assert AddressGuard().admits(address)
    assert not AddressGuard(only_named=True).admits(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_nothing_else_may(address: str) -> None:
    assert not AddressGuard().admits(address)
    assert not AddressGuard(networks(["10.9.0.0/16", "fd99::/16"])).admits(address)


def test_a_private_address_that_is_named_may_be_called() -> None:
    for only_named in (False, True):
        guard = AddressGuard(networks(["127.0.0.0/8", "10.1.2.3", "fd00::/8"]), only_named=only_named)
        for address in ("127.0.0.1", "::ffff:127.0.0.1", "10.1.2.3", "fd00::1"):
            assert guard.admits(address)
        for address in ("10.1.2.4", "::1", "169.254.169.254"):
            assert not guard.admits(address)


def test_what_names_a_network_must_be_one() -> None:
    for wrong in ("localhost", "10.0.0.1/8", "10.0.0.0/33", ""):
        with pytest.raises(ValueError, match=r"\w"):
            networks([wrong])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
def test_the_guard_sees_what_a_name_became(host: str) -> None:
    """As the operating system resolves it: decimal, octal and short forms all become an address first."""
    for place in socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM):
        with pytest.raises(AddressRefused):
            AddressGuard().socket(place)
        AddressGuard(networks(["127.0.0.0/8", "::1"])).socket(place).close()
