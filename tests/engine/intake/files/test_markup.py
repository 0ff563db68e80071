"""HTML tables and Excel 2003 XML, which systems export under the name .xls."""

from __future__ import annotations

from datetime import datetime

from lianfang.engine.intake.files import Limits

HTML = """<html><head>
<meta http-equiv="Content-Type" content="text/html; charset={charset}"><style>td{{a:b}}</style></head>
<body><table border=1><tr><th colspan=2>某社区<br>名单</th><th rowspan=2>备注</th></tr>
<tr><td>姓名</td><td>电话</td></tr><tr><td>王小明&nbsp;</td><td style="mso-number-format:'\\@'">13800000000<td></tr>
</table></body></html>"""

XML = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="名单"><Table><Row ss:Index="2"><Cell ss:MergeAcross="1"><Data ss:Type="String">姓名</Data></Cell>
<Cell><Data ss:Type="String">时间</Data></Cell></Row><Row><Cell ss:Index="2"><Data ss:Type="Number">12</Data></Cell>
<Cell><Data ss:Type="DateTime">2022-08-29T04:10:00.000</Data></Cell><Cell ss:Formula="=NA()">
<Data ss:Type="Error">#N/A</Data></Cell></Row></Table></Worksheet></Workbook>"""


def test_an_html_table_named_xls_is_read_with_its_spans(opened, codes):
    for charset, encoding in (("gb2312", "gb18030"), ("utf-8", "utf-8")):
        file = opened("名单.xls", HTML.format(charset=charset).encode(encoding))
        (sheet,) = file.sheets
        assert (file.format, file.encoding, codes(file)) == ("html", encoding, [("warning", "wrong_extension")])
        assert sheet.rows == [
            ["某社区\n名单", None, "备注"],
            ["姓名", "电话", None],
            ["王小明", "13800000000", None],
        ]
        assert sheet.merged == ((0, 0, 0, 1), (0, 2, 1, 2))


def test_spans_in_html_cannot_ask_for_more_than_the_limits(opened):
    file = opened("a.xls", "<table><tr><td colspan=99999999>x</td></tr></table>")
    assert file.problems[0].code == "row_too_wide"
    long = opened("b.xls", "<table>" + "<tr><td>x</td></tr>" * 50 + "</table>", Limits(max_rows_per_sheet=20))
    assert long.problems[0].code == "text_too_long"


def test_excel_2003_xml_is_read_with_its_gaps_and_types(opened):
    file = opened("名单.xls", XML)
    (sheet,) = file.sheets
    assert (file.format, sheet.name, sheet.merged, sheet.formulas) == ("xml", "名单", ((1, 0, 1, 1),), 1)
    assert sheet.rows == [
        [None, None, None, None],
        ["姓名", None, "时间", None],
        [None, 12.0, datetime(2022, 8, 29, 4, 10), None],
    ]
    assert [(problem.code, problem.params.get("cells")) for problem in file.problems] == [
        ("error_cells", "D3 #N/A"),
        ("wrong_extension", None),
    ]


def test_indexes_in_excel_2003_xml_are_bounded(opened):
    file = opened("a.xml", XML.replace('ss:Index="2"><Cell ss:M', 'ss:Index="99999999"><Cell ss:M'))
    assert file.problems[0].code == "text_too_long"


def test_cut_and_poisoned_excel_2003_xml_is_refused(opened, codes):
    assert codes(opened("a.xml", XML[:-60])) == [("refused", "half_written")]
    poisoned = XML.replace("<Workbook", '<!DOCTYPE a [<!ENTITY b "c">]><Workbook')
    assert codes(opened("a.xml", poisoned)) == [("refused", "xml_entities")]
