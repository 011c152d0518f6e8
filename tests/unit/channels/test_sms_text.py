"""One SMS: 160 septets, the link whole, nothing the alphabet lacks."""

from dataclasses import replace

from builders_pages import a_page
from hypothesis import given
from hypothesis import strategies as st

from wetread.channels.sms_gateway import gsm_text, septets, to_sms

ALPHABET = set(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
"""3GPP TS 23.038 §6.2.1, written out a second time."""


@given(st.text(max_size=400), st.text("abcdef0123456789/-", max_size=150))
def test_any_page_is_one_sms_that_ends_in_its_link(title: str, path: str) -> None:
    page = replace(a_page(title), link=f"https://w.example/{path}")
    text = to_sms(page)
    assert septets(text) <= 160
    assert set(text) <= ALPHABET
    assert text.startswith("STAT:")
    assert text.endswith(page.link if septets(page.link) <= 120 else "k1")


def test_accents_it_lacks_are_dropped_and_the_rest_is_marked() -> None:
    assert gsm_text("Müller, João Ştefan\n東京 🫁") == "Müller, Joao Stefan ?? ?"


def test_escaped_characters_count_twice() -> None:
    assert septets("a€[]") == 7
