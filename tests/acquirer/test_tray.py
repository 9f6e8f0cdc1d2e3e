"""The cards of the tray and the embedded host speak of the same keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.acquirer.cryptogram import IssuerKey, is_genuine, issuer_authentication_data
from firmware.lab.issuers import CardAccount, tray_accounts
from hw.sim.cards import cryptogram as card_side
from hw.sim.cards.des import icc_master_key
from hw.sim.cards.personalisation import TRAY, PersonalisationError

SENT = {
    0x9F02: bytes.fromhex("000000012850"),
    0x9F03: bytes(6),
    0x9F1A: bytes.fromhex("0156"),
    0x95: bytes.fromhex("0080048000"),
    0x5F2A: bytes.fromhex("0156"),
    0x9A: bytes.fromhex("260314"),
    0x9C: b"\x00",
    0x9F37: bytes.fromhex("0BADF00D"),
}
AIP, ATC = bytes.fromhex("7C00"), bytes.fromhex("0102")


@pytest.mark.parametrize("card", tray_accounts(), ids=lambda card: card.account.name)
def test_the_host_knows_every_cards_cryptogram_and_the_card_its_answer(card: CardAccount) -> None:
    account = card.account
    iad = card_side.issuer_application_data(
        card.issuer_data, account.cvn, card_side.CardFindings(first=card_side.AcType.ARQC)
    )
    master = icc_master_key(account.imk_ac.reveal(), account.pan.reveal(), int(account.psn))
    key = card_side.session_key(account.cvn, master, ATC, SENT[0x9F37])
    arqc = card_side.application_cryptogram(account.cvn, key, SENT, (AIP, ATC, iad))
    data = {f"{tag:X}": value for tag, value in SENT.items()}
    data |= {"82": AIP, "9F36": ATC, "9F10": iad, "9F26": arqc}
    issuer = IssuerKey(account.imk_ac, account.pan, account.psn, account.cvn, account.arpc_method)
    assert is_genuine(issuer, data)
    answer = issuer_authentication_data(issuer, data, "00")
    by_master = card_side.VERSIONS[account.cvn].arpc_by_master_key
    answer_key = master if by_master else key
    if account.arpc_method == 1:
        assert answer[:8] == card_side.arpc_method_1(answer_key, arqc, answer[8:])
    else:
        assert answer[:4] == card_side.arpc_method_2(answer_key, arqc, answer[4:])


@pytest.mark.parametrize("wrong", ['status = "lots"', "balance = 5", 'balance_minor = "5.00"'])
def test_a_mistake_in_what_the_books_say_is_named_with_file_and_table(
    wrong: str, tmp_path: Path
) -> None:
    text = (TRAY / "visa-debit.toml").read_text().replace("balance_minor = 300000", wrong)
    (tmp_path / "visa-debit.toml").write_text(text)
    with pytest.raises(PersonalisationError, match=r"^visa-debit\.toml: issuer: "):
        tray_accounts(tmp_path)
