"""People write in their own language, whatever language their client is in and the FAQ is written in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.scenarios.stage import person

if TYPE_CHECKING:
    from tests.scenarios.stage import Stage


async def test_who_writes_dutch_in_an_english_telegram_is_answered_in_dutch(stage: Stage) -> None:
    jan = person(stage.sim, "Jan", "en")
    stage.sim.write(jan.id, "ik ben mijn wachtwoord vergeten")
    await stage.reads(jan.id, "Wachtwoord vergeten?")
    await stage.reads(jan.id, "Heeft dit geholpen?")
    stage.sim.write(jan.id, "/status")
    await stage.reads(jan.id, "Heb je dit al eerder gemeld")


async def test_who_writes_english_in_a_dutch_telegram_is_answered_in_english(stage: Stage) -> None:
    ann = person(stage.sim, "Ann", "nl")
    stage.sim.write(ann.id, "how do i reset my password?")
    await stage.reads(ann.id, "Forgot password?")
    await stage.reads(ann.id, "Did this help?")


async def test_an_answer_that_is_only_in_english_says_so(stage: Stage) -> None:
    jan, uwe, kim = person(stage.sim, "Jan", "en"), person(stage.sim, "Uwe", "de"), person(stage.sim, "Kim", "en")
    stage.sim.write(
        jan.id,
        "Hallo allemaal, ik ben hier al jaren klant en heel tevreden, maar voordat ik iets naar mijn rekening stuur "
        "wil ik graag weten wat dat kost. How much does a withdrawal cost? Alvast bedankt en een fijne dag nog!",
    )
    await stage.reads(jan.id, "Dit antwoord is er alleen in het Engels.", "The fee is shown before you confirm.")
    stage.sim.write(
        uwe.id,
        "Guten Tag, ich bin seit Jahren hier und sehr zufrieden, aber bevor ich etwas auf mein Konto schicke, will "
        "ich gern wissen, was das kostet. How much does a withdrawal cost? Danke und noch einen guten Tag!",
    )
    await stage.reads(uwe.id, "This answer is only available in English.", "The fee is shown before you confirm.")
    stage.sim.write(kim.id, "/language nl")
    await stage.reads(kim.id, "Vanaf nu schrijf ik Nederlands")
    stage.sim.write(kim.id, "how much does a withdrawal cost")
    said = await stage.reads(kim.id, "The fee is shown before you confirm.")
    assert said["text"].startswith("Dit antwoord is er alleen in het Engels.\n")
