"""Printers by the names of their models."""

import pytest

from hw.printer_encode import COLUMNS_LEAST, COLUMNS_MOST, Mode, PrinterProfile
from hw.printer_models import DOTS_MOST, OWN, model_named, names


def test_models_are_those_of_python_escpos_and_a_few_more():
    assert model_named("TM-L90") == PrinterProfile(
        48, 576, cutter=True, qr=True, mode=Mode.MIXED, motion_dpi=203
    )
    assert model_named("ZJ-5870") == PrinterProfile(32, 384, qr=False, mode=Mode.MIXED)
    assert model_named("POS-5890") == PrinterProfile(32, 384, qr=False, mode=Mode.RASTER)
    assert model_named("POS-58") == PrinterProfile(32, qr=False)
    assert set(OWN) <= set(names())


@pytest.mark.parametrize("name", ["TM-T88III", "TM-T88IV", "tm-t88iv"])
def test_epsons_older_80_mm_printers_have_42_columns_and_512_dots(name):
    model = model_named(name)
    assert (model.columns, model.width_px, model.cutter) == (42, 512, True)


@pytest.mark.parametrize("name", names())
def test_every_model_can_be_printed_on(name):
    model = model_named(name)
    assert COLUMNS_LEAST <= model.columns <= COLUMNS_MOST
    assert model.columns * 12 <= model.width_px <= DOTS_MOST
    assert model.width_px % 8 == 0
    assert model_named(name.lower()) == model


@pytest.mark.parametrize("name", ["X", "", "default", "AF-240", "TM-U220"])
def test_what_is_no_printer_of_receipts_is_refused(name):
    with pytest.raises(ValueError, match=r"no printer model|prints no receipts"):
        model_named(name)
