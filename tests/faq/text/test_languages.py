"""The language of short messages: what they say, how they are written, and what is likely."""

from __future__ import annotations

import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faq.entries import Entry, Faq
from faq.text.languages import Detected, Detector, base

if TYPE_CHECKING:
    from collections.abc import Sequence


def faq(*languages: str, phrasings: Sequence[str] = ("?",)) -> Faq:
    question, *also = phrasings
    return Faq(
        entries=tuple(
            Entry(id="e", language=language, question=question, also=tuple(also), answer="x") for language in languages
        )
    )


DETECTOR = Detector(faq("en", "nl"))

SHORT = {
    "en": ["where is my order", "I want a refund", "my card was declined", "refund", "app does not open"],
    "nl": ["waar blijft mijn bestelling", "geld terug", "ik kan niet inloggen", "wachtwoord vergeten", "bedankt"],
    "de": ["ich habe mein Passwort vergessen", "wo ist meine Bestellung", "Geld zurück bitte", "danke"],
    "fr": ["où est ma commande", "je veux être remboursé", "mot de passe oublié", "bonjour"],
    "es": ["he olvidado mi contraseña", "dónde está mi pedido", "quiero mi dinero", "gracias"],
    "it": ["dov'è il mio ordine", "ho dimenticato la password", "voglio un rimborso"],
    "pt": ["esqueci minha senha", "onde está meu pedido", "meu cartão foi recusado"],
    "pl": ["zapomniałem hasła", "gdzie jest moje zamówienie", "aplikacja nie działa"],
    "tr": ["şifremi unuttum", "siparişim nerede", "sifremi unuttum"],
    "id": ["saya lupa kata sandi", "di mana pesanan saya", "uang saya kembali"],
    "sv": ["jag har glömt mitt lösenord", "var är min beställning"],
    "fi": ["unohdin salasanani", "missä tilaukseni on"],
    "cs": ["zapomněl jsem heslo", "aplikace nefunguje"],
    "hu": ["elfelejtettem a jelszavam", "nem működik az alkalmazás"],
    "vi": ["tôi quên mật khẩu", "đơn hàng của tôi đâu"],
    "ru": ["я забыл пароль", "где мой заказ", "хочу вернуть деньги"],
    "uk": ["де моє замовлення", "яка комісія", "картку відхилили, що робити?"],
    "sr": ["заборавио сам лозинку, где је моја поруџбина"],
    "ar": ["نسيت كلمة المرور", "أين طلبي", "أريد استرداد أموالي"],
    "fa": ["سفارش من کجاست", "پولم را پس بدهید"],
    "he": ["איפה ההזמנה שלי", "שכחתי"],
    "el": ["πού είναι η παραγγελία μου", "ξέχασα"],
    "ko": ["환불해 주세요", "환불"],
    "ja": ["返金してほしい", "パスワード", "注文はどこですか"],
    "zh": ["我要退款", "订单在哪里", "退款"],
    "th": ["ฉันลืมรหัสผ่าน", "คืนเงิน"],
    "hi": ["मेरा ऑर्डर कहाँ है", "मुझे पैसे वापस चाहिए"],
}


@pytest.mark.parametrize(("language", "text"), [(code, text) for code, texts in SHORT.items() for text in texts])
def test_short_messages_in_many_languages(language: str, text: str) -> None:
    found = DETECTOR.detect(text)
    assert found.language == language
    assert 0.7 <= found.probability <= 1.0


@pytest.mark.parametrize(
    ("text", "language"),
    [("вы тут", "ru"), ("прывітанне", "be"), ("حسابي مغلق", "ar"), ("login", "en"), ("ㅠㅠ", "ko"), ("ΑΒ", "el")],
)
def test_letters_that_few_languages_write_decide(text: str, language: str) -> None:
    assert DETECTOR.detect(text).language == language


@pytest.mark.parametrize(
    "text",
    [
        "@helpbot waar is mijn geld? https://example.com/where/is/my/money",
        "WAAR IS MIJN GELD!!!",
        "waaaaaar is mijn gelddddd",
        "waar is mijn geld 😡😡😡 :smile: 1000000",
        "FL-1001 mail me@somewhere-in-the-world.example.com waar is mijn geld",
        "> please tell us when you sent it\nwaar is mijn geld",
        "ｗａａｒ　ｉｓ　ｍｉｊｎ　ｇｅｌｄ",
        "w\u200baar\u200b is mi\u00adjn geld\0",
        "\ud800waar is mijn geld",
    ],
)
def test_what_is_not_the_authors_words_does_not_count(text: str) -> None:
    assert DETECTOR.detect(text).language == "nl"


@pytest.mark.parametrize(
    "text", ["", " ", "?", "123", "FL-1001", "😀", "a", "https://example.com/why", "@you", "me@x.org", "\0", "\ud800"]
)
def test_without_words_there_is_no_language(text: str) -> None:
    assert DETECTOR.detect(text) == Detected(language=None, probability=0.0)


@pytest.mark.parametrize("text", ["ok", "status", "asdf qwer", "jeg har glemt min adgangskode", "привет"])
def test_what_could_be_several_languages_is_none(text: str) -> None:
    found = DETECTOR.detect(text)
    assert found.language is None
    assert found.probability < 0.7


@pytest.mark.parametrize(("text", "hint"), [("hallo", "nl-BE"), ("app", "nl_NL"), ("min ordre", "da")])
def test_a_hint_decides_between_likely_languages(text: str, hint: str) -> None:
    assert DETECTOR.detect(text).language is None
    assert DETECTOR.detect(text, hint).language == base(hint)


@pytest.mark.parametrize("hint", ["en", "nl", "de", "tlh", "x" * 5000, "", "\ud800"])
def test_a_hint_is_the_clients_language_and_not_the_messages(hint: str) -> None:
    assert DETECTOR.detect("ich habe mein Passwort vergessen", hint).language == "de"
    assert DETECTOR.detect("ik ben mijn wachtwoord vergeten", hint).language == "nl"
    assert DETECTOR.detect("我忘记了密码", hint).language == "zh"


def test_the_faqs_own_languages_and_words_are_likelier() -> None:
    assert Detector(faq("en")).detect("geld").probability < Detector(faq("nl")).detect("geld").probability
    entries = faq("en", phrasings=["api error"]).entries + faq("nl", phrasings=["storing"]).entries
    taught = Detector(Faq(entries=entries))
    for word, language in (("api error", "en"), ("storing", "nl")):
        assert DETECTOR.detect(word).language is None
        assert taught.detect(word).language == language


@pytest.mark.parametrize(
    ("languages", "text", "named"),
    [
        (("pt-BR",), "esqueci minha senha", "pt-BR"),
        (("pt-BR", "pt"), "esqueci minha senha", "pt-BR"),
        (("nb",), "jeg har glemt passordet mitt", "nb"),
        (("ms",), "saya terlupa kata laluan", "ms"),
        (("sr",), "zaboravio sam lozinku", "sr"),
        (("zh-Hant",), "我忘記了密碼", "zh-Hant"),
    ],
)
def test_a_language_is_named_as_the_faq_names_it(languages: tuple[str, ...], text: str, named: str) -> None:
    assert Detector(faq(*languages)).detect(text).language == named


def test_a_language_that_the_detector_does_not_know_is_taken_for_no_other() -> None:
    text = "менің ақшам қайда"
    assert Detector(faq("kk")).detect(text).language is None
    assert Detector(faq("kk", "ru")).detect("я забыл пароль").language == "ru"


def test_one_word_is_seldom_enough_for_a_language_that_the_faq_does_not_have() -> None:
    found = DETECTOR.detect("prijsalarm")  # Dutch, and looks Danish
    assert found.language is None
    assert found.probability > 0.9


def test_chinese_without_kana_is_chinese_unless_the_faq_is_japanese() -> None:
    assert DETECTOR.detect("返金").language == "zh"
    assert Detector(faq("ja")).detect("返金").language == "ja"
    assert DETECTOR.detect("我的 ledger nano 退款").language == "zh", "a product's name makes it no English"


TEXTS = st.one_of(
    st.text(max_size=3000),
    st.text(alphabet=st.characters(), max_size=200),
    st.lists(st.sampled_from(["waar", "geld", "@", "#", "<@1>", "http://", "где", "我", "か", "\n>", "-- ", "a1"])).map(
        " ".join
    ),
)


@given(TEXTS, st.one_of(st.none(), st.text(max_size=20)))
def test_any_text_has_a_language_or_none_and_always_the_same(text: str, hint: str | None) -> None:
    found = DETECTOR.detect(text, hint)
    assert found == DETECTOR.detect(text, hint)
    assert 0.0 <= found.probability <= 1.0
    assert (found.language is not None) <= (found.probability >= 0.7)


@pytest.mark.parametrize(
    "unit", ["a", "a ", "@", "#", ">", "\n", "http://", "[x](", "a1", "\u0301", "ß", "我", "<", ":x:", "-", "\ud800"]
)
def test_ten_thousand_hostile_characters_take_less_than_ten_milliseconds(unit: str) -> None:
    text = (unit * 10_000)[:10_000]
    taken = []
    for _ in range(5):
        start = time.thread_time()
        DETECTOR.detect(text)
        taken.append(time.thread_time() - start)
    assert min(taken) < 0.01


def test_threads_get_what_one_gets() -> None:
    texts = [text for texts in SHORT.values() for text in texts] * 20
    alone = [DETECTOR.detect(text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(DETECTOR.detect, texts)) == alone


def test_it_is_light() -> None:
    texts = [text for texts in SHORT.values() for text in texts]
    start = time.process_time()
    for text in texts:
        DETECTOR.detect(text)
    each_ms = 1000 * (time.process_time() - start) / len(texts)
    tracemalloc.start()
    Detector(faq("en", "nl"))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{each_ms:.3f} ms a message, {held} bytes a detector")
    assert each_ms < 0.5
    assert held < 100_000
