import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from pims.models import Amendment, ImportBatch, PimsRecord
from tests.factories import make_mga, pims_record

pytestmark = pytest.mark.django_db


def run(*files: Path, **options: Any) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of the command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_pims", *map(str, files), mga="acme", stdout=out, stderr=err, **options)
    except SystemExit as stop:
        return int(str(stop.code)), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_json_array_is_imported(tmp_path: Path) -> None:
    make_mga()
    file = write(tmp_path / "a.json", json.dumps([pims_record(), pims_record(invoiceNumber="X-2", meta={})], indent=2))
    assert run(file)[0] == 0
    assert set(PimsRecord.objects.values_list("number", flat=True)) == {"INV-1042", "X-2"}


def test_a_bad_line_is_named_and_the_others_are_imported(tmp_path: Path) -> None:
    make_mga()
    lines = [json.dumps(pims_record()), "{not json", json.dumps(pims_record(total=None, meta={"sourceId": "9"}))]
    status, out, err = run(write(tmp_path / "a.jsonl", "\n".join(lines)))
    assert status == 1
    assert "line 2: not JSON" in err
    assert "line 3: total: is missing" in err
    assert "1 added" in out and "2 refused" in out


def test_importing_again_changes_nothing(tmp_path: Path) -> None:
    make_mga()
    file = write(tmp_path / "a.json", json.dumps(pims_record()))
    run(file)
    _, out, _ = run(file)
    assert "0 added, 0 changed, 1 unchanged" in out
    assert PimsRecord.objects.count() == 1


def test_a_changed_total_is_kept_as_an_amendment(tmp_path: Path) -> None:
    make_mga()
    run(write(tmp_path / "a.json", json.dumps(pims_record())))
    run(write(tmp_path / "b.json", json.dumps(pims_record(total="110.00"))))
    amendment = Amendment.objects.get()
    assert (str(amendment.total_before), str(amendment.total_after)) == ("108.00", "110.00")
    assert PimsRecord.objects.get().payload["total"] == "110.00"


def test_a_dry_run_stores_nothing(tmp_path: Path) -> None:
    make_mga()
    _, out, _ = run(write(tmp_path / "a.json", json.dumps(pims_record())), dry_run=True)
    assert "1 would be added" in out
    assert not PimsRecord.objects.exists() and not ImportBatch.objects.exists()


def test_the_three_csv_files_make_whole_invoices(tmp_path: Path) -> None:
    make_mga()
    write(
        tmp_path / "invoices.csv",
        "invoice_number;invoice_date;currency;total;customer_id;customer_name\nA-1;04/03/2025;EUR;12,50;C1;Ann Lee\n",
    )
    write(
        tmp_path / "lines.csv",
        "invoice_number;line_id;description;quantity;total_price\nA-1;1;Exam;1;12,50\nZ-9;1;Lost;1;1,00\n",
    )
    write(tmp_path / "payments.csv", "invoice_number;date;amount;method;status\nA-1;05/03/2025;2,50;Cash;COMPLETED\n")
    status, _, err = run(tmp_path, dates="dmy", decimal_comma=True)
    assert status == 1
    assert "lines.csv line 3: no invoice 'Z-9'" in err
    payload = PimsRecord.objects.get().payload
    assert (payload["invoiceDate"], payload["total"], payload["balanceDue"]) == ("2025-03-04", "12.50", "10.00")
    assert payload["lineItems"][0]["description"] == "Exam"


def test_the_ezyvet_report_sums_item_rows_and_takes_the_symbols_currency(tmp_path: Path) -> None:
    make_mga()
    write(
        tmp_path / "report.csv",
        "\ufeffInvoice #,Invoice Date,Type,Client Contact Code,First Name,Last Name,Invoice Line ID,Product Name,Qty,"
        "Standard Price(incl),Discount(£),Total Tax Amount,Total Invoiced (incl),Product Group\n"
        "100200,04-Mar-2025,Item,77,Ann,Lee,1,Exam,1,50.00,0,8.33,50.00,Consults\n"
        "100200,04-Mar-2025,Header,77,Ann,Lee,2,Exam,1,50.00,0,8.33,50.00,Consults\n"
        "100200,04-Mar-2025,Item,77,Ann,Lee,3,Tablets,10,1.00,0,1.67,10.00,Medication\n",
    )
    assert run(tmp_path / "report.csv", dates="dmy")[0] == 0
    payload = PimsRecord.objects.get().payload
    assert (payload["total"], payload["taxTotal"], payload["currency"]) == ("60.00", "10.00", "GBP")
    assert payload["payments"] is None and "payments_not_in_export" in payload["meta"]["warnings"]
    assert payload["customer"] | {"id": "77", "name": "Ann Lee"} == payload["customer"]


def test_vetport_plan_items_are_grouped_by_invoice(tmp_path: Path) -> None:
    make_mga()
    write(
        tmp_path / "items.csv",
        "Planitem Performed,Client Name,Client ID,Plan Item ID,Plan Item Name,Plan Item Quantity,"
        "Plan Item Amount,Invoice No\n"
        "03/04/2025,Lee,7,1,Exam,1,50.00,55\n03/04/2025,Lee,7,2,X-Ray,2,80.00,55\n",
    )
    assert run(tmp_path / "items.csv", dates="mdy")[0] == 0
    record = PimsRecord.objects.get()
    assert (record.number, str(record.total), record.invoice_date.isoformat()) == ("55", "130.00", "2025-03-04")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("x.csv", "Date,Client ID,SLNo,Item Name,Amount\n", "no invoice number"),
        ("x.csv", "a,b\n1,2\n", "unknown columns"),
        ("x.json", "[1, 2", "not JSON"),
        ("invoices.csv", "invoice_number,total\n1,2\n", "invoice_date are missing"),
    ],
)
def test_a_file_of_another_structure_is_refused_whole(tmp_path: Path, name: str, text: str, reason: str) -> None:
    make_mga()
    with pytest.raises(CommandError, match=reason) as caught:
        run(write(tmp_path / name, text))
    assert caught.value.returncode == 2
    assert "Nothing was imported" in str(caught.value)
    assert not PimsRecord.objects.exists() and not ImportBatch.objects.exists()


def test_days_in_another_order_than_said_are_refused_not_guessed(tmp_path: Path) -> None:
    make_mga()
    status, _, err = run(write(tmp_path / "a.json", json.dumps(pims_record(invoiceDate="2025-03-04"))), dates="dmy")
    assert status == 1
    assert "is not a day in the order dmy" in err


def test_the_same_invoice_twice_in_a_file_is_a_problem(tmp_path: Path) -> None:
    make_mga()
    status, _, err = run(write(tmp_path / "a.json", json.dumps([pims_record(), pims_record()])))
    assert status == 1 and "twice" in err


def test_an_unknown_tenant_is_told() -> None:
    with pytest.raises(CommandError, match="create_mga"):
        call_command("import_pims", "x.json", mga="nobody")
